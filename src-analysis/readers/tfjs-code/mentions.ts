import ts from 'typescript';
import { classNameOf } from '../tfjs-layers/catalogue.ts';

/** Whether a text may be code for TensorFlow.js; costs next to nothing. */
export function mentionsTensorflow(text: string): boolean {
  return /\btensorflow\b|\btf\b/.test(text);
}

/**
 * Whether code, and not only a comment or a text in it, uses TensorFlow.js: by its name, as a module, or by calling a layer or
 * `sequential` of something else. Models are told where such calls stand, so that a file without one needs no evaluation, nor
 * do the files that it imports.
 */
export function usesTensorflow(source: ts.SourceFile): boolean {
  const pending: ts.Node[] = [source];
  for (let node = pending.pop(); node; node = pending.pop()) {
    if (ts.isIdentifier(node) ? node.text === 'tf' : ts.isStringLiteralLike(node) && isUse(node)) return true;
    if (ts.isCallExpression(node) && makesLayers(node.expression)) return true;
    ts.forEachChild(node, child => void pending.push(child));
  }
  return false;
}

/** `layers.dense`, `x.layers.dense`, `sequential`, `x.sequential`. */
function makesLayers(callee: ts.Expression): boolean {
  const name = lastName(callee);
  if (name === 'sequential') return true;
  if (!ts.isPropertyAccessExpression(callee)) return false;
  return lastName(callee.expression) === 'layers' && classNameOf(name ?? '') !== undefined;
}

function lastName(node: ts.Expression): string | undefined {
  if (ts.isIdentifier(node)) return node.text;
  return ts.isPropertyAccessExpression(node) ? node.name.text : undefined;
}

/** A member's name, or a module's; other texts are compared, listed or shown. */
function isUse(node: ts.StringLiteralLike): boolean {
  const { parent } = node;
  if (ts.isElementAccessExpression(parent)) return node.text === 'tf';
  return loadsModule(parent) && mentionsTensorflow(node.text);
}

function loadsModule(node: ts.Node): boolean {
  if (!ts.isCallExpression(node)) {
    return ts.isImportDeclaration(node) || ts.isExportDeclaration(node) || ts.isExternalModuleReference(node);
  }
  const { expression: callee } = node;
  return callee.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(callee) && callee.text === 'require');
}
