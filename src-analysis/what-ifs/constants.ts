import ts from 'typescript';
import { unwrap } from '../readers/tfjs-code/names.ts';

/** A constant may stand for another; this often. */
const longestChain = 4;

/**
 * What an expression stands for: a name, for the value that a `const` of the file gives it, if the name is used nowhere
 * else in the file and not exported, so that changing the value changes nothing but this place. Everything else stands
 * for itself.
 */
export function createConstants(source: ts.SourceFile): (node: ts.Expression) => ts.Expression {
  const places = placesOfNames(source);

  function constantOf(name: ts.Identifier): ts.Expression | undefined {
    // The declaration and this use, and no other of the same name, in whatever scope.
    const [first, second, ...more] = places.get(name.text) ?? [];
    const declared = first === name ? second : first;
    const declaration = declared?.parent;
    if (more.length > 0 || !declaration || !ts.isVariableDeclaration(declaration)) return undefined;
    return declaration.name === declared && isPrivateConstant(declaration) ? declaration.initializer : undefined;
  }

  return node => {
    let value = unwrap(node);
    for (let i = 0; i < longestChain && ts.isIdentifier(value); i++) {
      const next = constantOf(value);
      if (!next) break;
      value = unwrap(next);
    }
    return value;
  };
}

function isPrivateConstant(declaration: ts.VariableDeclaration): boolean {
  const list = declaration.parent;
  if (!ts.isVariableDeclarationList(list) || !(list.flags & ts.NodeFlags.Const)) return false;
  const exported = (modifier: ts.ModifierLike) => modifier.kind === ts.SyntaxKind.ExportKeyword;
  return !(ts.isVariableStatement(list.parent) && list.parent.modifiers?.some(exported));
}

/** Every place where a name is declared or used; keys of properties are no names. */
function placesOfNames(source: ts.SourceFile): ReadonlyMap<string, readonly ts.Identifier[]> {
  const places = new Map<string, ts.Identifier[]>();
  const pending: ts.Node[] = [source];
  for (let node = pending.pop(); node; node = pending.pop()) {
    if (ts.isIdentifier(node) && !isKey(node)) places.set(node.text, [...(places.get(node.text) ?? []), node]);
    ts.forEachChild(node, child => void pending.push(child));
  }
  return places;
}

function isKey(node: ts.Identifier): boolean {
  const { parent } = node;
  return (ts.isPropertyAssignment(parent) || ts.isPropertyAccessExpression(parent)) && parent.name === node;
}
