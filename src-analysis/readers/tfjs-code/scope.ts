import ts from 'typescript';
import { perNode } from './per-node.ts';
import type { ClassValue, FunctionValue, Value } from './values.ts';

/** One variable. */
export interface Binding {
  readonly kind: 'binding';
  readonly born: number;
  value: Value;
}

/** One running call of a function, or the module itself. */
export interface Activation {
  readonly callee: FunctionValue | undefined;
  readonly args: readonly Value[];
  thisValue: Value;
  /** Where `this`, `super` and `arguments` are looked up: arrow functions have those of the code around them. */
  readonly owner: Activation | undefined;
  readonly home: ClassValue | undefined;
}

export interface Scope {
  readonly parent: Scope | undefined;
  readonly activation: Activation;
  readonly variables: Map<string, Binding>;
}

export function childScope(parent: Scope, activation: Activation = parent.activation): Scope {
  return { parent, activation, variables: new Map() };
}

export function lookUp(scope: Scope, name: string): Binding | undefined {
  for (let s: Scope | undefined = scope; s; s = s.parent) {
    const binding = s.variables.get(name);
    if (binding) return binding;
  }
  return undefined;
}

/** The activation that `this` and `arguments` belong to. */
export function ownerOf(scope: Scope): Activation {
  let activation = scope.activation;
  while (activation.owner) activation = activation.owner;
  return activation;
}

/** Every identifier that a binding name declares. */
export function namesIn(name: ts.BindingName): string[] {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap(element => (ts.isBindingElement(element) ? namesIn(element.name) : []));
}

/** Names declared by `let`, `const`, `class`, `enum` and imports directly in a list of statements. */
export function lexicalNames(statements: readonly ts.Statement[]): string[] {
  const names: string[] = [];
  for (const statement of statements) {
    if (ts.isVariableStatement(statement)) {
      if (!isLexical(statement.declarationList)) continue;
      for (const declaration of statement.declarationList.declarations) names.push(...namesIn(declaration.name));
    } else if ((ts.isClassDeclaration(statement) || ts.isEnumDeclaration(statement)) && statement.name) {
      names.push(statement.name.text);
    }
  }
  return names;
}

/** `let` or `const`, not `var`. */
export function isLexical(list: ts.VariableDeclarationList): boolean {
  return (list.flags & ts.NodeFlags.BlockScoped) !== 0;
}

/** Names that `var` declares anywhere in a function's body or a module, nested functions apart. */
export const varNames = perNode((body: ts.Node): readonly string[] => {
  const names = new Set<string>();
  const pending: ts.Node[] = [body];
  for (let node = pending.pop(); node; node = pending.pop()) {
    if (node !== body && (ts.isFunctionLike(node) || ts.isClassLike(node))) continue;
    if (ts.isVariableDeclarationList(node) && !isLexical(node)) {
      for (const declaration of node.declarations) for (const name of namesIn(declaration.name)) names.add(name);
    }
    ts.forEachChild(node, child => void pending.push(child));
  }
  return [...names];
});
