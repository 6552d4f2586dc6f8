/** Entry point of the command line: commands, exit codes, and what becomes of failures. */
import { Command, CommanderError } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { addAttackCommand } from './attack-command.ts';
import { addCheckCommand } from './check-command.ts';
import { addDoctorCommand } from './doctor-command.ts';
import { type Environment, exitCodes, processEnvironment, UserError } from './environment.ts';
import { addHardenCommand } from './harden-command.ts';
import { addRuleCommands } from './rule-commands.ts';
import { addVerifyCommand } from './verify-command.ts';

/**
 * Runs `leaklint` and gives its exit code.
 * @param args arguments after the program's name
 * @param root Leaklint's own folder
 */
export function main(args: readonly string[], root: string): Promise<number> {
  return runCommand(args, processEnvironment(root));
}

export async function runCommand(args: readonly string[], environment: Environment): Promise<number> {
  let exitCode: number = exitCodes.clean;
  const setExitCode = (code: number) => {
    exitCode = code;
  };
  const output: string[] = [];
  const program = new Command('leaklint')
    .description('Gradient-leakage linting for TensorFlow.js and ONNX model code.')
    .version(packageJson.version, '--version', 'print the version')
    .helpOption('--help', 'print this help')
    .helpCommand(false)
    .showHelpAfterError('(leaklint --help shows what there is)')
    .exitOverride()
    .configureOutput({ writeOut: text => output.push(text), writeErr: text => environment.log(text.trimEnd()) });
  addCheckCommand(program, environment, setExitCode);
  addAttackCommand(program, environment);
  addVerifyCommand(program, environment);
  addHardenCommand(program, environment);
  addRuleCommands(program, environment);
  addDoctorCommand(program, environment);
  try {
    await program.parseAsync(args, { from: 'user' }).finally(() => environment.write(output.join('')));
  } catch (error) {
    exitCode = exitCodeOf(error, environment);
  }
  return exitCode;
}

function exitCodeOf(error: unknown, environment: Environment): number {
  // Commander has already printed the help, the version or what is wrong.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.clean : exitCodes.failure;
  environment.progress(null);
  if ((error as NodeJS.ErrnoException | null)?.code === 'EPIPE') {
    environment.log('leaklint: the report was cut off, because the program it was piped into closed it.');
  } else if (error instanceof UserError) {
    environment.log(`leaklint: ${error.message}`);
  } else {
    environment.log('leaklint: internal failure. Please report this:');
    environment.log(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  return exitCodes.failure;
}
