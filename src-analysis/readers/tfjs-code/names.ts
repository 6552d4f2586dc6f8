import ts from 'typescript';

/** What a function is called in its source: its own name, or what it is assigned to; '' if it has no name. */
export function functionName(node: ts.FunctionLikeDeclaration): string {
  if (node.name && (ts.isIdentifier(node.name) || ts.isStringLiteral(node.name))) return node.name.text;
  if (ts.isConstructorDeclaration(node)) return className(node.parent);
  return holderName(node) ?? '';
}

export function className(node: ts.ClassLikeDeclaration): string {
  return node.name?.text ?? holderName(node) ?? 'class';
}

/** The variable, property or field that an expression's value goes to directly. */
export function holderName(node: ts.Node): string | undefined {
  let inner = node;
  let holder = node.parent;
  while (holder && isWrapper(holder)) {
    inner = holder;
    holder = holder.parent;
  }
  if (!holder) return undefined;
  if (ts.isVariableDeclaration(holder) || ts.isPropertyAssignment(holder) || ts.isPropertyDeclaration(holder)) {
    return holder.initializer === inner ? nameText(holder.name) : undefined;
  }
  if (ts.isBinaryExpression(holder) && holder.right === inner && isAssignment(holder.operatorToken.kind)) {
    const target = unwrap(holder.left);
    if (ts.isIdentifier(target)) return target.text;
    if (ts.isPropertyAccessExpression(target)) return nameText(target.name);
  }
  return undefined;
}

function isAssignment(operator: ts.SyntaxKind): boolean {
  return (
    operator === ts.SyntaxKind.EqualsToken ||
    operator === ts.SyntaxKind.QuestionQuestionEqualsToken ||
    operator === ts.SyntaxKind.BarBarEqualsToken
  );
}

function nameText(name: ts.Node): string | undefined {
  if (ts.isPrivateIdentifier(name)) return name.text.slice(1);
  return ts.isIdentifier(name) || ts.isStringLiteral(name) ? name.text : undefined;
}

/** Expressions that hand on a value: `await x`, `(x)`, `x as T`, `a ? x : y`, `a ?? x`. */
function isWrapper(node: ts.Node): boolean {
  return (
    ts.isParenthesizedExpression(node) ||
    ts.isAwaitExpression(node) ||
    ts.isAsExpression(node) ||
    ts.isSatisfiesExpression(node) ||
    ts.isNonNullExpression(node) ||
    ts.isTypeAssertionExpression(node) ||
    ts.isConditionalExpression(node) ||
    (ts.isBinaryExpression(node) &&
      (node.operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken ||
        node.operatorToken.kind === ts.SyntaxKind.BarBarToken))
  );
}

/** The innermost function around a node that has a name; undefined at the top of a file. */
export function enclosingFunctionName(node: ts.Node): string | undefined {
  for (let around = node.parent; around; around = around.parent) {
    if (!ts.isFunctionLike(around) || !('body' in around)) continue;
    const name = functionName(around);
    if (name !== '') return name;
  }
  return undefined;
}

/** A model's name when the code gives it none: its variable, else the function that makes it, else `model`. */
export function modelNameFor(site: ts.Node): string {
  return holderName(site) ?? enclosingFunctionName(site) ?? 'model';
}

/** The token of a call that names what is called: `conv2d` in `tf.layers.conv2d(…)`. */
export function calleeName(call: ts.Node): ts.Node {
  if (!ts.isCallExpression(call) && !ts.isNewExpression(call)) return call;
  const callee = unwrap(call.expression);
  if (ts.isPropertyAccessExpression(callee)) return callee.name;
  return ts.isElementAccessExpression(callee) ? callee.argumentExpression : callee;
}

/** An expression without the parentheses and type assertions around it. */
export function unwrap(node: ts.Expression): ts.Expression {
  let inner = node;
  while (
    ts.isParenthesizedExpression(inner) ||
    ts.isAsExpression(inner) ||
    ts.isSatisfiesExpression(inner) ||
    ts.isNonNullExpression(inner) ||
    ts.isTypeAssertionExpression(inner)
  ) {
    inner = inner.expression;
  }
  return inner;
}
