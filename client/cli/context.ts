import pc from 'picocolors';
import { shimHome } from '../../host/shim-home.js';

type Colours = ReturnType<typeof pc.createColors>;

/** What every command needs of its surroundings. */
export interface CliContext {
  home: string;
  environment: NodeJS.ProcessEnv;
  /** Colours of stdout: none where it is no terminal, NO_COLOR is set, or --no-color was given. */
  readonly colours: Colours;
  /** Has no colours from now on. */
  dropColours: () => void;
  /** Prints lines to stdout. */
  print: (text: string) => void;
  printJson: (value: unknown) => void;
  /** Tells how it goes, on stderr. */
  progress: (text: string) => void;
  /** `shim: …` on stderr, where the command goes on. */
  warn: (text: string) => void;
}

/** The surroundings of this process. */
export function processContext(environment: NodeJS.ProcessEnv = process.env): CliContext {
  // A pipe has no isTTY at all: anything but true or false would let the library guess, which colours wherever CI is set.
  const colourful = (stream: { isTTY?: boolean }) => stream.isTTY === true && !environment['NO_COLOR'] && environment['TERM'] !== 'dumb';
  let out = pc.createColors(colourful(process.stdout));
  let err = pc.createColors(colourful(process.stderr));
  return {
    home: shimHome(environment),
    environment,
    get colours() {
      return out;
    },
    dropColours: () => {
      out = pc.createColors(false);
      err = out;
    },
    print: (text) => process.stdout.write(`${text}\n`),
    printJson: (value) => process.stdout.write(`${JSON.stringify(value, null, 2)}\n`),
    progress: (text) => process.stderr.write(`${err.dim(text)}\n`),
    warn: (text) => process.stderr.write(`shim: ${text}\n`),
  };
}
