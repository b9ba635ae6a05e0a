import type { AccessLine } from '../../src/router/access-line.ts';
import { until } from './rig.ts';

/** Collects the lines of an access log in memory. */
export class Lines {
  readonly all: AccessLine[] = [];
  raw = '';

  readonly log = (line: string): void => {
    this.raw += line;
    this.all.push(JSON.parse(line) as AccessLine);
  };

  /** The nth line, when it is there. */
  async at(index: number): Promise<AccessLine> {
    await until(
      () => this.all.length > index,
      `line ${index} of the access log; there are ${this.all.length}`,
    );
    return this.all[index] as AccessLine;
  }
}
