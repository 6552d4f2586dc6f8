import type ts from 'typescript';
import type { CancellationToken, ReadResult, SourceFile } from '../reader.ts';
import { makeBudget } from './budget.ts';
import { commentsOf } from './comments.ts';
import { type Context, makeContext } from './context.ts';
import { directivesIn } from './directives.ts';
import { isUniform } from './doubt.ts';
import { exploreUncalled } from './explore.ts';
import { type Condition, type Decisions, undecided } from './forks.ts';
import { selectWithImporters } from './importers.ts';
import { mentionsTensorflow, usesTensorflow } from './mentions.ts';
import { type Module, makeModule } from './module-files.ts';
import { createModulePaths } from './module-paths.ts';
import { runWithPage } from './page-scripts.ts';
import { parseSource } from './parse.ts';
import type { Selection } from './select-models.ts';
import { errorsOfClaims } from './stated.ts';
import { separateBranches } from './variants.ts';

const nothing: ReadResult = { models: [], errors: [], comments: [] };

/**
 * Reads the models that JavaScript or TypeScript code builds with TensorFlow.js (`tf.sequential`, `tf.model`). The
 * code is parsed and evaluated abstractly, within budgets (budget.ts), and never executed; what cannot be known
 * becomes unknown, with a reason. Syntax errors are not reported: TypeScript does that. Never throws but `Cancelled`.
 *
 * - Under a condition that is not known both branches are evaluated. What they agree on stays known. Models that differ
 *   are told apart, one for each way that a few such conditions can go (forks.ts); beyond those a model or tensor that
 *   differs goes on with a layer of type `condition`, whose operation is unknown.
 * - Functions that nobody in the file calls are evaluated with unknown arguments, or with the defaults that they state.
 *   Models made there count less than those made by calls with known arguments.
 * - Functions of other files are assumed to leave lists, objects and models given to them as they are; a sequential
 *   model without layers is the exception, and says so in its gaps.
 * - Promises are transparent: `await` and `then` see the value. Exceptions come from `throw` only.
 * - Layers that are in no model of the file are told as a model of their own, with a gap (fragments.ts).
 */
export function readTfjsCode(file: SourceFile, cancel: CancellationToken): ReadResult {
  const text = file.text ?? '';
  if (!mentionsTensorflow(text)) return nothing;
  const source = parseSource(file.path.replaceAll('\\', '/'), text);
  if (!source) {
    return { ...nothing, errors: [{ message: 'This file is nested too deeply to be read.' }] };
  }
  const comments = commentsOf(source);
  const directives = directivesIn(source, comments);
  const statesNothing = directives.shapes.length === 0 && directives.values.size === 0;
  if (statesNothing && !usesTensorflow(source)) return { ...nothing, errors: directives.errors, comments };
  const related = file.related && {
    ...file.related,
    parsed: new Map<string, ts.SourceFile>(),
    paths: createModulePaths(file.related.read),
  };
  const evaluateUnder = (decisions: Decisions): Evaluation => {
    const main = makeModule(undefined, source, 'main');
    return evaluateFile(makeContext(source, makeBudget(cancel), main, related, decisions, directives), main, text);
  };
  const { models, errors } = separateBranches(evaluateUnder(undecided), evaluateUnder);
  return { models, errors: [...directives.errors, ...errors], comments };
}

/** What one evaluation of a file found. */
export interface Evaluation extends Selection {
  /** Conditions that are not known and that models depend on. */
  readonly conditions: readonly Condition[];
  /** All conditions that are not known. */
  readonly met: readonly Condition[];
  /** Steps taken. */
  readonly spent: number;
}

function evaluateFile(context: Context, main: Module, text: string): Evaluation {
  const errors = [...runWithPage(context, main, text), ...exploreUncalled(context, main)];
  const selected = selectWithImporters(context, main);
  return {
    models: selected.models,
    // A branch that is not taken leaves statements about it without a layer.
    errors: [...errors, ...selected.errors, ...(context.decisions === undecided ? errorsOfClaims(context) : [])],
    conditions: [...context.conditions.values()].filter(condition => isUniform(context, condition)),
    met: [...context.met.values()].map(({ condition }) => condition),
    spent: context.budget.spent,
  };
}
