import ts from 'typescript';
import type { CancellationToken, ReadResult, SourceFile } from '../reader.ts';
import { makeBudget } from './budget.ts';
import { commentsOf } from './comments.ts';
import { makeContext } from './context.ts';
import { exploreUncalled, runModule } from './explore.ts';
import { selectModels } from './select-models.ts';

const nothing: ReadResult = { models: [], errors: [], comments: [] };

/**
 * Reads the models that JavaScript or TypeScript code builds with TensorFlow.js (`tf.sequential`, `tf.model`). The
 * code is parsed and evaluated abstractly, within budgets (budget.ts), and never executed; what cannot be known
 * becomes unknown, with a reason. Syntax errors are not reported: TypeScript does that. Never throws but `Cancelled`.
 *
 * - Under a condition that is not known both branches are evaluated. What they agree on stays known; a model or tensor
 *   that differs goes on with a layer of type `condition`, whose operation is unknown.
 * - Functions that nobody in the file calls are evaluated with unknown arguments, or with the defaults that they state.
 *   Models made there count less than those made by calls with known arguments.
 * - Functions of other files are assumed to leave lists, objects and models given to them as they are; a sequential
 *   model without layers is the exception, and says so in its gaps.
 * - Promises are transparent: `await` and `then` see the value. Exceptions come from `throw` only.
 * - Layers that are in no model of the file are told as a model of their own, with a gap (fragments.ts).
 */
export function readTfjsCode(file: SourceFile, cancel: CancellationToken): ReadResult {
  const text = file.text ?? '';
  if (!/\btensorflow\b|\btf\b/.test(text)) return nothing;
  const source = parse(file.path, text);
  if (!source) {
    return { ...nothing, errors: [{ message: 'This file is nested too deeply to be read.' }] };
  }
  const context = makeContext(source, makeBudget(cancel));
  const errors = [...runModule(context), ...exploreUncalled(context)];
  context.budget.limitTo(Number.POSITIVE_INFINITY);
  const selected = selectModels(context);
  return {
    models: selected.models,
    errors: [...errors, ...selected.errors],
    comments: commentsOf(source),
  };
}

function parse(path: string, text: string): ts.SourceFile | undefined {
  try {
    const options = { languageVersion: ts.ScriptTarget.ESNext, jsDocParsingMode: ts.JSDocParsingMode.ParseNone };
    return ts.createSourceFile(path, text, options, true, scriptKind(path));
  } catch (error) {
    // TypeScript's parser is recursive: its stack overflows on thousands of nested brackets.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function scriptKind(path: string): ts.ScriptKind {
  if (/\.tsx$/i.test(path)) return ts.ScriptKind.TSX;
  return /\.[cm]?ts$/i.test(path) ? ts.ScriptKind.TS : ts.ScriptKind.JSX;
}
