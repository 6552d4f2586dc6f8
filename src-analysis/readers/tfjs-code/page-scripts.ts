import type ts from 'typescript';
import type { ReadError } from '../reader.ts';
import { limits } from './budget.ts';
import type { Context } from './context.ts';
import { inModule } from './context.ts';
import { hoistModule, runModule, runTopLevel } from './explore.ts';
import { isMarkup, type ScriptSource, scriptsOf, specifierOf } from './markup.ts';
import { type Module, makeModule, parseRelated } from './module-files.ts';
import { asImported } from './modules.ts';

/** Characters of a script of a page. Longer ones, and those that are minified, are libraries. */
const maximalLength = 200_000;

/**
 * Runs the file that is read. The scripts of an HTML page that are no modules share one global scope and run in the order in
 * which they stand there (https://html.spec.whatwg.org/multipage/scripting.html): a page is run with the scripts that it
 * loads from beside it, and a script with the others of the nearest page that loads it. `defer` and `async` are passed over.
 *
 * @param text of the file that is read, as it is on disk: a page's elements are blanked in what is parsed
 */
export function runWithPage(context: Context, main: Module, text: string): ReadError[] {
  if (!context.related) return runModule(context, main);
  if (isMarkup(main.path)) {
    const { sources } = scriptsOf(text);
    return sources.every(isApart) ? runModule(context, main) : runPage(context, main, main, sources);
  }
  const page = isClassicScript(main, text) ? context.related.pages?.(main.path)[0] : undefined;
  const pageText = page === undefined ? undefined : context.related.read(page);
  const source = page === undefined || pageText === undefined ? undefined : parseRelated(context, page, pageText);
  if (!source) return runModule(context, main);
  const around = makeModule(context, source, 'imported', main.scope);
  context.modules.set(source.fileName, around);
  return runPage(context, main, around, scriptsOf(pageText ?? '').sources);
}

/** A script element that does not take part in the global scope of its page. */
function isApart({ src, isModule }: ScriptSource): boolean {
  return isModule || /^([a-z][\w+.-]*:|\/\/)|\.min\.js\b/i.test(src);
}

function isClassicScript(module: Module, text: string): boolean {
  return module.exports === undefined && /\.jsx?$/i.test(module.path) && !/\b(require|module|exports)\b/.test(text);
}

/** Runs a page's own code and the files that it loads, in order; returns what of the file that is read could not be run. */
function runPage(context: Context, main: Module, page: Module, sources: readonly ScriptSource[]): ReadError[] {
  const errors: ReadError[] = [];
  const runOwn = (statements: readonly ts.Statement[]): void => {
    if (page === main) errors.push(...runTopLevel(context, main, statements));
    else inPage(context, page, () => void runTopLevel(context, page, statements));
  };
  const { statements } = page.source;
  if (page !== main) inPage(context, page, () => hoistModule(context, page));
  else hoistModule(context, main);
  let done = 0;
  for (const source of sources.filter(script => !isApart(script))) {
    const next = statements.findIndex((statement, i) => i >= done && statement.end > source.at);
    const upTo = next < 0 ? statements.length : next;
    runOwn(statements.slice(done, upTo));
    done = upTo;
    const paths = context.related?.paths.candidates(specifierOf(source), page.path) ?? [];
    if (page !== main && main.running && paths.includes(main.path)) errors.push(...runModule(context, main));
    else runScript(context, main, paths);
  }
  // What the page does otherwise may still be unknown: the file that is read counts.
  if (page !== main && main.running) errors.push(...runModule(context, main));
  runOwn(statements.slice(done));
  page.running = false;
  return errors;
}

/** Runs another script of the page, once. */
function runScript(context: Context, main: Module, paths: readonly string[]): void {
  if (paths.some(path => context.modules.has(path)) || context.modules.size > limits.files) return;
  for (const path of paths) {
    context.budget.spend(50);
    const text = context.related?.read(path);
    if (text === undefined) continue;
    const source = text.length > maximalLength ? undefined : parseRelated(context, path, text);
    const script = source && makeModule(context, source, 'imported', main.scope);
    context.modules.set(path, script);
    if (script) inPage(context, script, () => void runModule(context, script));
    return;
  }
}

function inPage(context: Context, script: Module, body: () => void): void {
  inModule(context, script, undefined, () => asImported(context, body));
}
