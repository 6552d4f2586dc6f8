import ts from 'typescript';
import { limits } from './budget.ts';
import { nested } from './calls.ts';
import type { Context } from './context.ts';
import { inModule, quote } from './context.ts';
import { runModule } from './explore.ts';
import { evaluate } from './expressions.ts';
import { defaultName, type ExportEntry, type ExportTable, findFile, type Module, makeModule } from './module-files.ts';
import { getProperty } from './properties.ts';
import type { Binding, Scope } from './scope.ts';
import { declare } from './statements.ts';
import { tensorflowMember } from './tensorflow.ts';
import type { ObjectValue, UnknownValue, Value } from './values.ts';
import { isObject, isUnknown, unknown } from './values.ts';

/**
 * The packages that are TensorFlow.js (`@tensorflow/tfjs`, `-node`, `-node-gpu`, `-layers`, `-core` …), also by the
 * address of a content delivery network; not `tfjs-vis` and others that only stand beside it.
 */
const tensorflowModule = /@tensorflow\/tfjs(?!-vis|-data|-automl|-tflite)/;

const tensorflow: Value = { kind: 'tf', path: '' };

/**
 * The value of an export of a module: `'*'` is the module itself, `'default'` its default export. TensorFlow.js is known;
 * other files are evaluated where the reader is given them; anything else is unknown.
 */
export function importedModule(context: Context, specifier: Value, name: string, node: ts.Node): Value {
  const found = lookUpExport(context, specifier, name, node);
  return isBinding(found) ? found.value : found;
}

function isBinding(found: Binding | Value): found is Binding {
  return typeof found === 'object' && found !== null && found.kind === 'binding';
}

/** An export as the variable that holds it, so that importers see it change, or as a value. */
function lookUpExport(context: Context, specifier: Value, name: string, node: ts.Node): Binding | Value {
  if (typeof specifier !== 'string') return unknown('which module is imported is not known here');
  if (specifier.length <= limits.stringLength && tensorflowModule.test(specifier)) {
    return name === '*' || name === 'default' ? tensorflow : tensorflowMember({ kind: 'tf', path: '' }, name);
  }
  const module = loadModule(context, specifier, node);
  const what = name === '*' || name === 'default' ? 'it' : `\`${name}\``;
  if ('reason' in module) return unknown(`${what} ${module.reason}`);
  return lookUpIn(context, module, name, what);
}

function lookUpIn(context: Context, module: Module, name: string, what: string): Binding | Value {
  const { resolving: open } = context;
  const key = `${name} ${module.path}`;
  context.budget.spend(2 + open.size);
  if (open.has(key)) return unknown(`${what} comes from files that import each other in a circle`);
  open.add(key);
  try {
    return exportOf(context, module, name, what);
  } finally {
    open.delete(key);
  }
}

/** The evaluated module that a specifier means, or why there is none. */
function loadModule(context: Context, specifier: string, node: ts.Node): Module | UnknownValue {
  const found = findFile(context, specifier);
  if (found.type === 'none') return found.why;
  if (found.type === 'module') return found.module;
  const module = makeModule(context, found.source, 'imported');
  context.modules.set(found.path, module);
  // What a module makes when it is loaded has no place in the file that is read.
  inModule(context, module, undefined, () => nested(context, node, () => void runImported(context, module)));
  return module;
}

function runImported(context: Context, module: Module): void {
  if (/\.json$/i.test(module.path)) {
    const [statement] = module.source.statements;
    const value =
      statement && ts.isExpressionStatement(statement)
        ? evaluate(context, module.scope, statement.expression)
        : undefined;
    module.commonJs.entries.set('exports', value);
    module.running = false;
    return;
  }
  asImported(context, () => {
    const [error] = runModule(context, module);
    if (error) module.failure = `its file is not read to its end`;
  });
}

/** Runs the code at the top of another file: it may take so many steps, and has no place in the file that is read. */
export function asImported(context: Context, body: () => void): void {
  const { loopDeadline, ownCall } = context;
  context.loopDeadline = undefined;
  context.ownCall = undefined;
  const outer = context.budget.limitTo(Number.POSITIVE_INFINITY);
  context.budget.limitTo(Math.min(outer, context.budget.spent + limits.importSteps));
  try {
    body();
  } finally {
    context.budget.limitTo(outer);
    context.loopDeadline = loopDeadline;
    context.ownCall = ownCall;
  }
}

function exportOf(context: Context, module: Module, name: string, what: string): Binding | Value {
  const table = module.exports;
  if (!table || isCommonJs(module, table)) return commonJsExport(context, module, name);
  if (name === '*') return namespaceOf(context, module, table);
  const entry = table.named.get(name);
  if (entry) return exportedValue(context, module, entry, what);
  for (const specifier of table.stars) {
    const found = inModule(context, module, undefined, () => lookUpExport(context, specifier, name, module.source));
    const value = isBinding(found) ? found.value : found;
    if (name !== 'default' && !isUnknown(value)) return found;
  }
  return unknown(`${what} is not exported by '${fileName(module)}'`);
}

/** Bundlers let files mix `import` with `module.exports`. */
function isCommonJs(module: Module, table: ExportTable): boolean {
  if (table.named.size > 0 || table.stars.length > 0) return false;
  const exported = module.commonJs.entries.get('exports');
  return !isObject(exported) || exported.entries.size > 0;
}

function exportedValue(context: Context, module: Module, entry: ExportEntry, what: string): Binding | Value {
  if (entry.type === 'from') {
    return inModule(context, module, undefined, () =>
      lookUpExport(context, entry.specifier, entry.name, module.source),
    );
  }
  const binding = module.scope.variables.get(entry.name);
  if (binding && (binding.value !== undefined || (!module.running && !module.failure))) return binding;
  if (module.running && binding) return unknown(`${what} comes from files that import each other in a circle`);
  return unknown(`${what} comes from '${fileName(module)}': ${module.failure ?? 'it is not defined there'}`);
}

function commonJsExport(context: Context, module: Module, name: string): Value {
  const exported = module.commonJs.entries.get('exports');
  if (module.running && isObject(exported) && exported.entries.size === 0) {
    return unknown(`it comes from files that import each other in a circle`);
  }
  if (name === '*') return exported;
  if (name === 'default') return isObject(exported) ? (exported.entries.get('default') ?? exported) : exported;
  return getProperty(context, exported, name, module.source.endOfFileToken);
}

/** `import * as m`, `require` of an ES module: what it exports now. */
function namespaceOf(context: Context, module: Module, table: ExportTable): Value {
  const space: ObjectValue = { kind: 'object', born: ++context.clock, entries: new Map() };
  for (const specifier of table.stars) {
    const star = inModule(context, module, undefined, () => importedModule(context, specifier, '*', module.source));
    // A file that hands on TensorFlow.js stands for it.
    if (typeof star === 'object' && star?.kind === 'tf') return star;
    if (isObject(star)) for (const [key, value] of star.entries) space.entries.set(key, value);
    else space.open ??= isUnknown(star) ? star : unknown('one of its files is not read');
  }
  for (const [key, entry] of table.named) {
    const found = exportedValue(context, module, entry, `\`${key}\``);
    space.entries.set(key, isBinding(found) ? found.value : found);
  }
  return space;
}

function fileName(module: Module): string {
  return module.path.split('/').at(-1) ?? module.path;
}

export function bindImports(context: Context, scope: Scope, node: ts.ImportDeclaration): void {
  const clause = node.importClause;
  if (!ts.isStringLiteral(node.moduleSpecifier) || clause?.isTypeOnly) return;
  const specifier = node.moduleSpecifier.text;
  const bind = (local: string, name: string): void => {
    const found = lookUpExport(context, specifier, name, node);
    if (isBinding(found)) scope.variables.set(local, found);
    else declare(context, scope, local, found);
  };
  if (!clause) return;
  if (clause.name) bind(clause.name.text, 'default');
  const bindings = clause.namedBindings;
  if (!bindings) return;
  if (ts.isNamespaceImport(bindings)) {
    bind(bindings.name.text, '*');
    return;
  }
  for (const element of bindings.elements) {
    if (!element.isTypeOnly) bind(element.name.text, (element.propertyName ?? element.name).text);
  }
}

/** `export default <expression>` and TypeScript's `export = <expression>`. */
export function bindExportAssignment(context: Context, scope: Scope, node: ts.ExportAssignment): void {
  const value = evaluate(context, scope, node.expression);
  if (node.isExportEquals) context.module.commonJs.entries.set('exports', value);
  else declare(context, scope, defaultName, value);
}

/** TypeScript's `import tf = require('…')` and `import layers = tf.layers`. */
export function bindImportEquals(context: Context, scope: Scope, node: ts.ImportEqualsDeclaration): void {
  const reference = node.moduleReference;
  const value = ts.isExternalModuleReference(reference)
    ? importedModule(context, evaluate(context, scope, reference.expression), '*', node)
    : entityValue(context, scope, reference);
  declare(context, scope, node.name.text, value);
}

function entityValue(context: Context, scope: Scope, name: ts.EntityName): Value {
  if (ts.isIdentifier(name)) return evaluate(context, scope, name);
  const left = entityValue(context, scope, name.left);
  if (typeof left === 'object' && left?.kind === 'tf') return tensorflowMember(left, name.right.text);
  return unknown(`${quote(name)} is not known here`);
}
