import {
  ArgumentScannerError,
  formatMessageForArgumentScannerError,
  text_en,
  type ApplicationText,
} from '@stricli/core';
import { didYouMean } from '../../config/did-you-mean.ts';
import { TealError } from '../../errors.ts';
import { briefs } from '../text.ts';

/** Collects what the parser has to complain about, so that it is told like every other error: code, remedy, exit 2. */
export class UsageProblems {
  readonly #messages: string[] = [];
  readonly #guesses: string[] = [];
  readonly #argv: readonly string[];
  #unknown = false;

  constructor(argv: readonly string[]) {
    this.#argv = argv;
  }

  /** The parser's texts, with the complaints kept here instead of printed. */
  readonly text: ApplicationText = {
    ...text_en,
    briefs: { ...text_en.briefs, help: 'Print this help' },
    noCommandRegisteredForInput: ({ input, corrections }) => {
      if (input.startsWith('-')) return this.#add(`${input} comes after the command`);
      this.#unknown = true;
      this.#guesses.push(...corrections.map((each) => `teal ${each.replaceAll('`', '')}`));
      return this.#add(`There is no command ${JSON.stringify(input)}`);
    },
    exceptionWhileParsingArguments: (thrown) => this.#add(this.#argument(thrown)),
    exceptionWhileLoadingCommandFunction: (thrown) =>
      this.#add(`The command could not be loaded: ${say(thrown)}`),
  };

  error(): TealError {
    const command = this.#unknown ? null : commandOf(this.#argv);
    const help = command === null ? 'teal --help' : `teal ${command} --help`;
    const guess = this.#guesses.length > 0 ? `Did you mean ${this.#guesses.join(' or ')}?  ` : '';
    return new TealError('usage', this.#messages.join('; '), {
      remedy: `${guess}See: ${help}`,
      details: { suggestions: this.#guesses },
    });
  }

  #add(message: string): string {
    this.#messages.push(message);
    return message;
  }

  #argument(thrown: unknown): string {
    if (!(thrown instanceof ArgumentScannerError)) return say(thrown);
    return formatMessageForArgumentScannerError(thrown, {
      FlagNotFoundError: ({ input, corrections }) => {
        const flags = corrections.map((each) => each.replaceAll(/[A-Z]/g, (big) => `-${big.toLowerCase()}`));
        const guess = didYouMean(input, flags);
        if (guess !== null) this.#guesses.push(`--${guess}`);
        return `There is no flag --${input}`;
      },
      AliasNotFoundError: ({ input }) => `There is no flag -${input}`,
      ArgumentParseError: ({ externalFlagNameOrPlaceholder, input, exception }) =>
        `${this.#isGiven(externalFlagNameOrPlaceholder) ? '--' : ''}${externalFlagNameOrPlaceholder} cannot be ${JSON.stringify(input)}: ${say(exception)}`,
      EnumValidationError: ({ externalFlagName, input, values }) =>
        `--${externalFlagName} cannot be ${JSON.stringify(input)}: expected ${values.join(' or ')}`,
      UnexpectedPositionalError: ({ input }) => `${JSON.stringify(input)} is one argument too many`,
      UnsatisfiedPositionalError: ({ placeholder }) => `<${placeholder}> is missing`,
      UnsatisfiedFlagError: ({ externalFlagName }) =>
        `--${externalFlagName} ${this.#isGiven(externalFlagName) ? 'needs a value' : 'is missing'}`,
    });
  }

  #isGiven(flag: string): boolean {
    return this.#argv.some((arg) => arg === `--${flag}` || arg.startsWith(`--${flag}=`));
  }
}

/** As deep as it is one: of `db new split` there is more to be seen than of `db`. Null: it begins with a flag. */
function commandOf(argv: readonly string[]): string | null {
  const flag = argv.findIndex((arg) => arg.startsWith('-'));
  const words = flag === -1 ? argv : argv.slice(0, flag);
  const named = words.map((_, index) => words.slice(0, index + 1).join(' '));
  return named.findLast((name) => name in briefs) ?? words[0] ?? null;
}

function say(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
