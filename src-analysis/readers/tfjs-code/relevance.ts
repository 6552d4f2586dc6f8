import ts from 'typescript';
import { mentionsTensorflow } from './mentions.ts';
import { namesIn } from './scope.ts';

/**
 * Which functions and classes of a file may have to do with its models. The others need not be evaluated where nobody calls
 * them: what they would change is undone anyway.
 *
 * Names stand for what they name, wherever that is declared. A piece of code is relevant where it mentions TensorFlow.js, one of
 * the `seeds`, or the name of something relevant, or where it has a relevant piece inside.
 *
 * @param seeds module specifiers that count as TensorFlow.js does
 */
export function relevantNodes(source: ts.SourceFile, seeds: (specifier: string) => boolean): ReadonlySet<ts.Node> {
  const mentions = new Map<string, Piece[]>();
  const mention = (name: string, piece: Piece): void => {
    const known = mentions.get(name);
    if (known?.at(-1) === piece) return;
    if (known) known.push(piece);
    else mentions.set(name, [piece]);
  };
  const pending: { readonly node: ts.Node; readonly around: Piece }[] = [
    { node: source, around: { node: source, names: [], parent: undefined } },
  ];
  for (let next = pending.pop(); next; next = pending.pop()) {
    const { node, around } = next;
    const piece = isPiece(node) ? { node, names: namesOf(node), parent: around } : around;
    const name = mentionedBy(node, seeds);
    if (name !== undefined) mention(name, piece);
    ts.forEachChild(node, child => void pending.push({ node: child, around: piece }));
  }
  return reachedFrom(seed, mentions);
}

/** Code that names something, and the piece that it stands in. */
interface Piece {
  readonly node: ts.Node;
  readonly names: readonly string[];
  readonly parent: Piece | undefined;
}

/** What everything relevant mentions in the end. */
const seed = 'tf';

function reachedFrom(start: string, mentions: ReadonlyMap<string, readonly Piece[]>): Set<ts.Node> {
  const reached = new Set<ts.Node>();
  const told = new Set([start]);
  const names = [start];
  for (let name = names.pop(); name !== undefined; name = names.pop()) {
    for (const mentioned of mentions.get(name) ?? []) {
      for (let piece: Piece | undefined = mentioned; piece && !reached.has(piece.node); piece = piece.parent) {
        reached.add(piece.node);
        for (const own of piece.names) {
          if (told.has(own)) continue;
          told.add(own);
          names.push(own);
        }
      }
    }
  }
  return reached;
}

function isPiece(node: ts.Node): boolean {
  return (
    ts.isFunctionLike(node) ||
    ts.isClassLike(node) ||
    ts.isClassStaticBlockDeclaration(node) ||
    ts.isVariableDeclaration(node) ||
    ts.isPropertyDeclaration(node) ||
    ts.isPropertyAssignment(node) ||
    ts.isImportDeclaration(node) ||
    ts.isImportEqualsDeclaration(node) ||
    ts.isForOfStatement(node) ||
    ts.isForInStatement(node) ||
    isAssignment(node)
  );
}

function isAssignment(node: ts.Node): node is ts.BinaryExpression {
  if (!ts.isBinaryExpression(node)) return false;
  const { kind } = node.operatorToken;
  return kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment;
}

/** What a piece of code gives a value to. */
function namesOf(node: ts.Node): readonly string[] {
  if (ts.isVariableDeclaration(node)) return namesIn(node.name);
  if (ts.isImportDeclaration(node)) return importedNames(node.importClause);
  if (isAssignment(node)) return assignedNames(node.left);
  if (ts.isForOfStatement(node) || ts.isForInStatement(node)) {
    const { initializer } = node;
    return ts.isVariableDeclarationList(initializer)
      ? initializer.declarations.flatMap(declaration => namesIn(declaration.name))
      : assignedNames(initializer);
  }
  const name = ts.getNameOfDeclaration(node as ts.Declaration);
  return name && (ts.isIdentifier(name) || ts.isPrivateIdentifier(name) || ts.isStringLiteral(name)) ? [name.text] : [];
}

function importedNames(clause: ts.ImportClause | undefined): string[] {
  const bindings = clause?.namedBindings;
  const named = bindings && (ts.isNamespaceImport(bindings) ? [bindings.name] : bindings.elements.map(e => e.name));
  return [...(clause?.name ? [clause.name] : []), ...(named ?? [])].map(({ text }) => text);
}

/** The variable or the member that is assigned, or all names of a pattern. */
function assignedNames(target: ts.Node): string[] {
  const names: string[] = [];
  const pending = [target];
  for (let node = pending.pop(); node; node = pending.pop()) {
    if (ts.isPropertyAccessExpression(node)) names.push(node.name.text);
    else if (ts.isElementAccessExpression(node)) pending.push(node.expression);
    else if (ts.isIdentifier(node)) names.push(node.text);
    else ts.forEachChild(node, child => void pending.push(child));
  }
  return names;
}

/** The name that a node mentions; that of TensorFlow.js where it cannot be told what it calls. */
function mentionedBy(node: ts.Node, seeds: (specifier: string) => boolean): string | undefined {
  if (ts.isIdentifier(node) || ts.isPrivateIdentifier(node)) return node.text;
  if (ts.isStringLiteralLike(node)) return mentionsTensorflow(node.text) || seeds(node.text) ? seed : node.text;
  const isDynamic =
    ts.isCallExpression(node) &&
    ts.isElementAccessExpression(node.expression) &&
    !ts.isStringLiteralLike(node.expression.argumentExpression);
  return isDynamic ? seed : undefined;
}
