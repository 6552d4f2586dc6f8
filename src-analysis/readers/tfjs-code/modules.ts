import ts from 'typescript';
import { limits } from './budget.ts';
import type { Context } from './context.ts';
import { quote } from './context.ts';
import { evaluate } from './expressions.ts';
import type { Scope } from './scope.ts';
import { declare } from './statements.ts';
import { tensorflowMember } from './tensorflow.ts';
import type { Value } from './values.ts';
import { unknown } from './values.ts';

/**
 * The packages that are TensorFlow.js (`@tensorflow/tfjs`, `-node`, `-node-gpu`, `-layers`, `-core` …), also by the
 * address of a content delivery network; not `tfjs-vis` and others that only stand beside it.
 */
const tensorflowModule = /@tensorflow\/tfjs(?!-vis|-data|-automl|-tflite)/;

/**
 * The value of an export of a module: `'*'` is the module itself, `'default'` its default export.
 * Only TensorFlow.js is known; anything else is unknown.
 */
export function importedModule(specifier: Value, name: string): Value {
  if (typeof specifier !== 'string') return unknown('which module is imported is not known here');
  if (specifier.length > limits.stringLength || !tensorflowModule.test(specifier)) {
    const what = name === '*' || name === 'default' ? 'it' : `\`${name}\``;
    return unknown(`${what} comes from '${specifier.slice(0, 100)}', which is not read`);
  }
  const root: Value = { kind: 'tf', path: '' };
  return name === '*' || name === 'default' ? root : tensorflowMember(root, name);
}

export function bindImports(context: Context, scope: Scope, node: ts.ImportDeclaration): void {
  const clause = node.importClause;
  if (!clause || !ts.isStringLiteral(node.moduleSpecifier)) return;
  const specifier = node.moduleSpecifier.text;
  if (clause.name) declare(context, scope, clause.name.text, importedModule(specifier, 'default'));
  const bindings = clause.namedBindings;
  if (!bindings) return;
  if (ts.isNamespaceImport(bindings)) {
    declare(context, scope, bindings.name.text, importedModule(specifier, '*'));
    return;
  }
  for (const element of bindings.elements) {
    const imported = (element.propertyName ?? element.name).text;
    declare(context, scope, element.name.text, importedModule(specifier, imported));
  }
}

/** TypeScript's `import tf = require('…')` and `import layers = tf.layers`. */
export function bindImportEquals(context: Context, scope: Scope, node: ts.ImportEqualsDeclaration): void {
  const reference = node.moduleReference;
  const value = ts.isExternalModuleReference(reference)
    ? importedModule(evaluate(context, scope, reference.expression), '*')
    : entityValue(context, scope, reference);
  declare(context, scope, node.name.text, value);
}

function entityValue(context: Context, scope: Scope, name: ts.EntityName): Value {
  if (ts.isIdentifier(name)) return evaluate(context, scope, name);
  const left = entityValue(context, scope, name.left);
  if (typeof left === 'object' && left?.kind === 'tf') return tensorflowMember(left, name.right.text);
  return unknown(`${quote(context, name)} is not known here`);
}
