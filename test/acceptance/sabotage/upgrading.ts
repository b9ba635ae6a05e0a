import type { Mutation } from './mutation.ts';

/** What an upgrade of Teal itself rests on. */
export const upgrading: readonly Mutation[] = [
  {
    id: 'L16',
    says: 'a worker that retires drops what it carries',
    file: 'src/router/embedded/worker.ts',
    find: 'entrance?.leave();',
    replace: 'entrance?.leave(); running().close();',
    fails: /the router before carries what was open|streams stay where they are|requests failed|ended broken/,
  },
  {
    id: 'L16',
    says: 'the next router binds its sockets anew instead of taking them over',
    file: 'src/router/embedded/process.ts',
    find: 'succession?.take(speech, address) ??',
    replace: '',
    fails: /is already in use/,
  },
  {
    id: 'L16',
    says: 'at the deadline streams are cut instead of ended',
    file: 'src/router/embedded/retire.ts',
    find: 'if (request.streaming) request.closeStream();\n    else request.cut();',
    replace: 'request.cut();',
    fails: /not with 1012/,
  },
  {
    id: 'L16',
    says: 'the old control plane is not put back',
    file: 'src/control/upgrade/holder.ts',
    find: 'await current.back();',
    replace: 'await Promise.resolve();',
    fails: /never happened: the old one to be back|control-unavailable|stopped answering|not running/,
  },
];
