import { limits } from './budget.ts';
import type { Context } from './context.ts';
import { inModule } from './context.ts';
import { exploreUncalled, runModule } from './explore.ts';
import { type Module, makeModule, parseRelated } from './module-files.ts';
import { isComplete, type Selection, selectModels } from './select-models.ts';

/**
 * The models to report. Where some of them depend on parameters of functions that the file exports, files that import from
 * it are evaluated too: the arguments that they pass are known there.
 */
export function selectWithImporters(context: Context, main: Module): Selection {
  const select = (): Selection => {
    const limit = context.budget.limitTo(Number.POSITIVE_INFINITY);
    const selection = selectModels(context);
    context.budget.limitTo(limit);
    return selection;
  };
  const alone = select();
  if (!context.related || !exportsAnything(main) || alone.models.every(isComplete)) return alone;
  const end = context.budget.spent + limits.importerSteps;
  const found = context.related.importers(main.path).slice(0, limits.importers);
  const ran = found.filter(path => runImporter(context, path, end));
  return ran.length > 0 ? select() : alone;
}

function exportsAnything({ exports: table, commonJs }: Module): boolean {
  const exported = commonJs.entries.get('exports');
  const isEmpty = typeof exported === 'object' && exported?.kind === 'object' && exported.entries.size === 0;
  return !isEmpty || (table !== undefined && (table.named.size > 0 || table.stars.length > 0));
}

/** Evaluates a file and the functions in it that nobody calls; models that it makes count as those of uncalled code. */
function runImporter(context: Context, path: string, end: number): boolean {
  if (context.modules.has(path) || context.budget.spent >= end) return false;
  const text = context.related?.read(path);
  const source = text === undefined ? undefined : parseRelated(context, path, text);
  if (!source) return false;
  const module = makeModule(context, source, 'importer');
  context.modules.set(path, module);
  context.exploring = true;
  context.budget.limitTo(end);
  const own = new Set(context.met.keys());
  inModule(context, module, undefined, () => {
    runModule(context, module);
    exploreUncalled(context, module, end);
  });
  // What other programs do about their own settings makes no models of its own here.
  for (const condition of context.met.keys()) if (!own.has(condition)) context.met.delete(condition);
  return true;
}
