/**
 * Differential fuzz of `teal flags remove`: random programs that use a flag in every shape that is known, and in some that are refused, do
 * the same after the removal as before with the flag fixed.
 *
 *   npm run fuzz:remove -- --programs 2000     so many programs; --seed N for others
 *   npm run fuzz:remove -- --self-test         plants faults into the removal, one by one: each must be found
 *   npm run fuzz:remove -- --quick             both, with fewer programs
 *   npm run fuzz:remove -- --seed 7 --case 42  one program, before and after
 */
import { parseArgs } from 'node:util';
import { planting } from './unflag/faults.ts';
import { conclude, findsAll, fuzzOptions, plant } from './planted.ts';

/** A planted fault that takes longer to be found would be missed in practice. */
const selfTestPrograms = 1500;
const mostShown = 5;
/** One program in eight has something in it that is refused by design; many more refusals would make the command useless. */
const mostRefusedPercent = 15;
/** Programs with a mistake of their own say nothing. */
const mostBrokenPercent = 3;

const { values } = parseArgs({
  options: {
    programs: { type: 'string', default: '2000' },
    ...fuzzOptions,
  },
});
const seed = Number(values.seed);
const programs = values.quick ? 150 : Number(values.programs);
const failures: string[] = [];

if (values.planted !== undefined) await runPlanted(Number(values.planted));
else if (values.case !== undefined) await showCase(Number(values.case));
else {
  if (!values['self-test']) await fuzz();
  if (values.quick || values['self-test'] || programs >= 2000) selfTest();
  conclude(failures);
}

/** The judge, loaded after a fault was planted. */
async function load() {
  const { loadSyntax } = await import('../src/features/code/syntax.ts');
  await loadSyntax();
  return import('./unflag/judge.ts');
}

async function fuzz(): Promise<void> {
  const { judge } = await load();
  const counts = new Map<string, number>();
  const reasons = new Map<string, number>();
  let shown = 0;
  let needless = 0;
  const begun = performance.now();
  for (let index = 0; index < programs; index++) {
    const { verdict, why, program } = await judge(seed, index);
    counts.set(verdict.kind, (counts.get(verdict.kind) ?? 0) + 1);
    for (const each of why) reasons.set(reasonOf(each), (reasons.get(reasonOf(each)) ?? 0) + 1);
    if (why.length > 0 && !program.style.risky) needless++;
    if ('says' in verdict && shown++ < mostShown) {
      console.log(`\nseed ${seed} case ${index}: ${verdict.kind}: ${verdict.says}`);
      console.log(program.text.replaceAll(/^/gm, '  | '), `\nbecame, with ${String(program.style.value)}\n`);
      console.log(verdict.text.replaceAll(/^/gm, '  | '));
    }
  }
  const seconds = (performance.now() - begun) / 1000;
  const of = (kind: string): number => counts.get(kind) ?? 0;
  const percent = (part: number): string => ((100 * part) / programs).toFixed(1);
  console.log(`programs         ${programs}  (seed ${seed}; ${(programs / seconds).toFixed(0)} a second)`);
  console.log(`same behaviour   ${of('same')}`);
  console.log(`differences      ${of('difference')}`);
  console.log(`syntax errors    ${of('syntax-error')}`);
  console.log(`crashes          ${of('crash')}`);
  console.log(
    `refused          ${percent(of('refused'))} %  (at most ${mostRefusedPercent}; of programs without a risk: ${needless})`,
  );
  console.log(`broken before    ${percent(of('broken'))} %  (at most ${mostBrokenPercent})`);
  for (const [why, times] of [...reasons].toSorted(([, a], [, b]) => b - a))
    console.log(`  ${String(times).padStart(5)}  ${why}`);
  goal(of('difference') === 0, `${of('difference')} differences`);
  goal(of('syntax-error') === 0, `${of('syntax-error')} syntax errors`);
  goal(of('crash') === 0, `${of('crash')} crashes`);
  goal(of('refused') <= (programs * mostRefusedPercent) / 100, `${percent(of('refused'))} % refused`);
  goal(of('broken') <= (programs * mostBrokenPercent) / 100, `${percent(of('broken'))} % broken before`);
}

/** Names of the program's own taken out. */
function reasonOf(why: string): string {
  return why.replaceAll(/\b[a-z]+\d+\b/g, 'a name').replace(/: .*/, '');
}

function selfTest(): void {
  goal(findsAll(import.meta.filename, planting, values.seed), 'a planted fault was not found');
}

async function runPlanted(index: number): Promise<void> {
  plant(planting, index);
  const { judge } = await load();
  for (let at = 0; at < selfTestPrograms; at++) {
    const { verdict } = await judge(seed, at);
    if (!('says' in verdict)) continue;
    console.log(`found in program ${at}: ${verdict.says.split('\n')[0]}`);
    return;
  }
  console.log(`not found in ${selfTestPrograms} programs`);
}

async function showCase(index: number): Promise<void> {
  const { judge } = await load();
  const { removeFromFile } = await import('../src/features/code/remove-file.ts');
  const { nothingOutside } = await import('../src/features/code/static-value.ts');
  const { flag } = await import('./unflag/style.ts');
  const { program, verdict, why } = await judge(seed, index);
  const search = {
    flag,
    keep: program.style.value,
    calls: new Set<string>(),
    packages: [],
    outside: nothingOutside,
  };
  console.log(program.text, '\n----------', program.style);
  console.log(removeFromFile('main.tsx', program.text, search).text);
  console.log(verdict.kind, 'says' in verdict ? verdict.says : '', why);
}

function goal(met: boolean, what: string): void {
  if (!met) failures.push(what);
}
