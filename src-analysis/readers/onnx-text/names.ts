import type { Range } from '../../model/graph.ts';

/** What a name in the text does: it makes a value, tells a value's type, or uses it. */
export type Role = 'definition' | 'type' | 'use';

export interface Occurrence {
  readonly name: string;
  readonly range: Range;
  readonly role: Role;
  readonly scope: Scope;
}

/** A graph or function: its values are seen inside it and in its subgraphs. */
export interface Scope {
  readonly parent: Scope | null;
  readonly defined: Set<string>;
}

/** Every place where a value is named, and where the model's own functions are defined and called. */
export interface Names {
  scope: Scope;
  /** Where functions are named; a function is called by `domain.name`. */
  readonly functions: Scope;
  readonly occurrences: Occurrence[];
}

export function newScope(parent: Scope | null): Scope {
  return { parent, defined: new Set() };
}

export function createNames(): Names {
  return { scope: newScope(null), functions: newScope(null), occurrences: [] };
}

export function addName(names: Names, name: string, { start, end }: Range, role: Role, scope = names.scope): void {
  // An input that is left out has no name.
  if (name === '') return;
  if (role === 'definition') scope.defined.add(name);
  names.occurrences.push({ name, range: { start, end }, role, scope });
}
