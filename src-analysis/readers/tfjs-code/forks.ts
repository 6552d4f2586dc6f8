import ts from 'typescript';
import { unwrap } from './names.ts';
import { perNode } from './per-node.ts';

/**
 * Conditions that are not known and that models depend on. To keep their branches apart, the file is evaluated again with
 * each way they can go: `Decisions` says which way that is. Conditions are told apart by their text, so that one that is
 * asked twice goes the same way twice, and comparisons of one subject with several literals exclude each other.
 */
export type Decisions = ReadonlyMap<string, string>;

export const undecided: Decisions = new Map();

/** A condition without `!`, `&&` and `||`. */
interface Atom {
  /** What is decided: the text of the condition, or of what it compares with a literal. */
  readonly subject: string;
  /** The literal that makes it true, as text; absent where it is simply true or false. */
  readonly literal?: string;
  /** Variables and members that it looks at. */
  readonly paths: readonly string[];
}

/** The different ways that conditions on one subject can go. */
export interface Fork {
  readonly subject: string;
  /** Choices as in `Decisions`: `true` and `false`, or the literals and `''` for none of them. */
  readonly choices: readonly string[];
}

const yes = 'true';
const no = 'false';
const other = '';

/** Which way a condition goes by decision; undefined where that leaves it open. */
export function decide(decisions: Decisions, condition: ts.Expression): boolean | undefined {
  if (decisions.size === 0) return undefined;
  const node = unwrap(condition);
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken) {
    const inner = decide(decisions, node.operand);
    return inner === undefined ? undefined : !inner;
  }
  if (ts.isBinaryExpression(node)) {
    const and = node.operatorToken.kind === ts.SyntaxKind.AmpersandAmpersandToken;
    if (and || node.operatorToken.kind === ts.SyntaxKind.BarBarToken) {
      const sides = [decide(decisions, node.left), decide(decisions, node.right)];
      if (sides.includes(!and)) return !and;
      return sides.includes(undefined) ? undefined : and;
    }
  }
  const { subject, literal, negated } = atomOf(node);
  const choice = decisions.get(subject);
  if (choice === undefined) return undefined;
  return (choice === (literal ?? yes)) !== negated;
}

/** Which way a `case` goes by decision on the subject of its `switch`. */
export function decideCase(decisions: Decisions, subject: ts.Expression, value: ts.Expression): boolean | undefined {
  const literal = literalText(value);
  const choice = literal === undefined ? undefined : decisions.get(textOf(subject));
  return choice === undefined ? undefined : choice === literal;
}

function atomOf(node: ts.Expression): Atom & { readonly negated: boolean } {
  if (ts.isBinaryExpression(node)) {
    const { kind } = node.operatorToken;
    const equal = kind === ts.SyntaxKind.EqualsEqualsEqualsToken || kind === ts.SyntaxKind.EqualsEqualsToken;
    const unequal =
      kind === ts.SyntaxKind.ExclamationEqualsEqualsToken || kind === ts.SyntaxKind.ExclamationEqualsToken;
    for (const [subject, value] of [
      [node.left, node.right],
      [node.right, node.left],
    ] as const) {
      const literal = equal || unequal ? literalText(value) : undefined;
      if (literal !== undefined)
        return { subject: textOf(subject), literal, paths: pathsIn(subject), negated: unequal };
    }
  }
  return { subject: textOf(node), paths: pathsIn(node), negated: false };
}

function literalText(node: ts.Expression): string | undefined {
  const value = unwrap(node);
  if (ts.isStringLiteralLike(value)) return `'${value.text.slice(0, 40)}'`;
  return ts.isNumericLiteral(value) ? value.text : undefined;
}

const textOf = perNode((node: ts.Expression): string => unwrap(node).getText().replace(/\s+/g, ' ').slice(0, 200));

const pathsIn = perNode((node: ts.Node): readonly string[] => {
  if (ts.isIdentifier(node) || node.kind === ts.SyntaxKind.ThisKeyword) return [node.getText()];
  if (ts.isPropertyAccessExpression(node)) return [node.getText().replace(/\s/g, '')];
  const paths: string[] = [];
  ts.forEachChild(node, child => void paths.push(...pathsIn(child)));
  return paths;
});

/** One condition that was met: that of an `if`, or a `case` with the subject of its `switch`. */
export interface Condition {
  readonly expression: ts.Expression;
  readonly of?: ts.Expression;
}

/** The variables that a condition looks at. */
export function rootsOf({ expression, of }: Condition): string[] {
  return pathsIn(of ?? expression).map(path => path.split('.')[0] ?? path);
}

function atomsOf({ expression, of }: Condition): Atom[] {
  if (of) {
    const literal = literalText(expression);
    return literal === undefined ? [] : [{ subject: textOf(of), literal, paths: pathsIn(of) }];
  }
  const node = unwrap(expression);
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken) {
    return atomsOf({ expression: node.operand });
  }
  if (ts.isBinaryExpression(node)) {
    const { kind } = node.operatorToken;
    if (kind === ts.SyntaxKind.AmpersandAmpersandToken || kind === ts.SyntaxKind.BarBarToken) {
      return [...atomsOf({ expression: node.left }), ...atomsOf({ expression: node.right })];
    }
  }
  return [atomOf(node)];
}

/** Most ways of all forks together that are followed. */
const maximalWays = 12;

/**
 * The forks that `conditions`, some of those that are `met`, make: as many as can be combined in a bounded number of ways, and no two that look at the
 * same variable, whose ways might exclude each other.
 */
export function forksOf(conditions: readonly Condition[], met: readonly Condition[]): Fork[] {
  const bySubject = new Map<string, { readonly paths: readonly string[]; readonly literals: Set<string> }>();
  for (const atom of conditions.flatMap(atomsOf)) {
    const known = bySubject.get(atom.subject) ?? { paths: atom.paths, literals: new Set() };
    if (atom.literal !== undefined) known.literals.add(atom.literal);
    bySubject.set(atom.subject, known);
  }
  // What a subject is compared with elsewhere is none of the others.
  for (const { subject, literal } of met.flatMap(atomsOf)) {
    const known = bySubject.get(subject);
    if (known && known.literals.size > 0 && literal !== undefined) known.literals.add(literal);
  }
  const forks: Fork[] = [];
  const taken: string[] = [];
  let ways = 1;
  for (const [subject, { paths, literals }] of bySubject) {
    const choices = literals.size > 0 ? [...literals, other] : [yes, no];
    const overlaps = paths.some(path => taken.some(other => related(path, other)));
    if (overlaps || paths.length === 0 || ways * choices.length > maximalWays) continue;
    ways *= choices.length;
    taken.push(...paths);
    forks.push({ subject, choices });
  }
  return forks;
}

function related(a: string, b: string): boolean {
  return a === b || a.startsWith(`${b}.`) || b.startsWith(`${a}.`);
}

/** Every combination of the forks' choices. */
export function combinations(forks: readonly Fork[]): Decisions[] {
  let all: Map<string, string>[] = [new Map()];
  for (const { subject, choices } of forks) {
    all = all.flatMap(before => choices.map(choice => new Map([...before, [subject, choice]])));
  }
  return all;
}

/** What tells a model from its siblings: the choices under which it is made, where not all choices make it. */
export function describeChoices(forks: readonly Fork[], made: readonly Decisions[]): string {
  const parts = forks.flatMap(({ subject, choices }) => {
    const taken = choices.filter(choice => made.some(decisions => decisions.get(subject) === choice));
    if (taken.length === choices.length) return [];
    const short = subject.length > 40 ? `${subject.slice(0, 39)}…` : subject;
    return taken.map(choice => wording(short, choice, choices)).join(' or ');
  });
  return parts.join(', ');
}

function wording(subject: string, choice: string, choices: readonly string[]): string {
  if (choice === yes && choices.includes(no)) return subject;
  if (choice === no) return `not ${subject}`;
  return choice === other ? `other ${subject}` : `${subject} = ${choice}`;
}
