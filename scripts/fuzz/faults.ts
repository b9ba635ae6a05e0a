import type { Planting } from '../planted.ts';

const none = '';

export const planting: Planting = {
  folder: 'router/embedded',
  faults: [
    {
      name: 'both lengths are let through',
      file: 'request-head.ts',
      from: "if (this.chunked && this.length >= 0) return 'both-lengths';",
      to: none,
    },
    {
      name: 'the last of several lengths wins',
      file: 'request-head.ts',
      from: "if (head.length >= 0) return 'several-lengths';",
      to: none,
    },
    {
      name: 'a length may have a sign',
      file: 'request-head.ts',
      from: 'if (code < 0x30 || code > 0x39) return false;',
      to: 'if ((code < 0x30 && code !== 0x2b) || code > 0x39) return false;',
    },
    {
      name: 'a coding need only end in chunked',
      file: 'request-head.ts',
      from: "value.toLowerCase() !== 'chunked'",
      to: "!value.toLowerCase().endsWith('chunked')",
    },
    {
      name: 'the line end behind chunk data is not looked at',
      file: 'chunked.ts',
      from: 'return byte === LF;',
      to: 'return true;',
    },
    {
      name: 'bare CR ends a chunk size',
      file: 'chunked.ts',
      from: 'if (byte !== LF) return false;',
      to: none,
    },
    {
      name: 'a sixteenth hexadecimal digit',
      file: 'bytes.ts',
      from: 'for (let value = 0; value < 16; value++) {',
      to: 'for (let value = 0; value < 17; value++) {',
    },
    {
      name: 'NUL in a value',
      file: 'bytes.ts',
      from: 'valueByte[TAB] = 1;',
      to: 'valueByte[TAB] = valueByte[0] = 1;',
    },
    {
      name: 'space before the colon',
      file: 'fields.ts',
      from: 'if (position === start || buffer[position] !== COLON) return -1;',
      to: 'while (buffer[position] === SP) position++; if (position === start || buffer[position] !== COLON) return -1;',
    },
    {
      name: 'the end of a head is missed where the reads cut it',
      file: 'next-head.ts',
      from: 'Math.max(start, searched - 3)',
      to: 'Math.max(start, searched)',
    },
  ],
};
