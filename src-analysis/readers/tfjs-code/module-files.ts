import ts from 'typescript';
import { limits } from './budget.ts';
import type { Context } from './context.ts';
import { parseSource } from './parse.ts';
import type { Scope } from './scope.ts';
import type { ObjectValue, UnknownValue } from './values.ts';
import { unknown } from './values.ts';

/** A file of code whose evaluation has begun. */
export interface Module {
  readonly path: string;
  readonly source: ts.SourceFile;
  /** `main` is the file that is read; `importer` one that imports from it, evaluated for the arguments that it passes. */
  readonly role: 'main' | 'imported' | 'importer';
  readonly scope: Scope;
  /** CommonJS's `module`. */
  readonly commonJs: ObjectValue;
  /** What it exports, where it has ES module syntax. */
  readonly exports: ExportTable | undefined;
  /** Its own code is still running: what it exports may not be there yet. */
  running: boolean;
  /** Why its own code was not run to its end, as a clause. */
  failure?: string;
}

/** Exports of an ES module by name, as its syntax states them. */
export interface ExportTable {
  readonly named: ReadonlyMap<string, ExportEntry>;
  /** Modules of `export * from`. */
  readonly stars: readonly string[];
}

export type ExportEntry =
  | { readonly type: 'local'; readonly name: string }
  | { readonly type: 'from'; readonly specifier: string; readonly name: string };

/** The variable that holds `export default <expression>`. */
export const defaultName = '*default*';

/** @param scope the global scope that it shares with other scripts of a page; default: one of its own */
export function makeModule(
  context: Context | undefined,
  source: ts.SourceFile,
  role: Module['role'],
  scope: Scope = moduleScope(),
): Module {
  const born = context ? ++context.clock : 0;
  const exported: ObjectValue = { kind: 'object', born, entries: new Map() };
  const commonJs: ObjectValue = { kind: 'object', born, entries: new Map([['exports', exported]]) };
  scope.variables.set('module', { kind: 'binding', born, value: commonJs });
  scope.variables.set('exports', { kind: 'binding', born, value: exported });
  const { fileName: path } = source;
  return { path, source, role, scope, commonJs, exports: exportTable(source), running: true };
}

function moduleScope(): Scope {
  const activation = { callee: undefined, args: [], thisValue: undefined, owner: undefined, home: undefined };
  return { parent: undefined, activation, variables: new Map() };
}

/** A file that a module specifier means: already evaluated or still to be; or why there is none. */
export type Found =
  | { readonly type: 'module'; readonly module: Module }
  | { readonly type: 'source'; readonly path: string; readonly source: ts.SourceFile }
  | { readonly type: 'none'; readonly why: UnknownValue };

/** Looks up the file that a specifier means in the module that is running. */
export function findFile(context: Context, specifier: string): Found {
  const none = (clause: string): Found => ({ type: 'none', why: unknown(clause) });
  const quoted = `'${specifier.slice(0, 100)}'`;
  const paths = context.related?.paths.candidates(specifier, context.module.path) ?? [];
  if (paths.length === 0) return none(`comes from ${quoted}, which is not read`);
  for (const path of paths) {
    const known = context.modules.get(path);
    if (known) return { type: 'module', module: known };
  }
  if (context.modules.size > limits.files) return none(`comes from ${quoted}, one more file than Leaklint follows`);
  for (const path of paths) {
    if (context.modules.has(path)) continue;
    context.budget.spend(50);
    const text = context.related?.read(path);
    if (text === undefined) continue;
    const source = parseRelated(context, path, text);
    if (source) return { type: 'source', path, source };
    context.modules.set(path, undefined);
    return none(`comes from ${quoted}, which is too large or nested too deeply to be read`);
  }
  // A name of neither a file nor an alias is a package, whatever folders names are looked up in.
  return none(`comes from ${quoted}, which is not ${/^([@\w][\w.-]*)(\/|$)/.test(specifier) ? 'read' : 'found'}`);
}

/** Parses another file, once for all evaluations; undefined where it is too large or nested too deeply. */
export function parseRelated({ related }: Context, path: string, text: string): ts.SourceFile | undefined {
  const known = related?.parsed.get(path);
  if (known) return known;
  const source = text.length > limits.importedLength ? undefined : parseSource(path, text);
  if (source) related?.parsed.set(path, source);
  return source;
}

/** What a file exports by its `export` statements; undefined where it has neither these nor imports. */
function exportTable(source: ts.SourceFile): ExportTable | undefined {
  const named = new Map<string, ExportEntry>();
  const stars: string[] = [];
  let found = false;
  for (const statement of source.statements) {
    if (ts.isImportDeclaration(statement)) found = true;
    else if (ts.isExportDeclaration(statement)) {
      found = true;
      addDeclaration(named, stars, statement);
    } else if (ts.isExportAssignment(statement) && !statement.isExportEquals) {
      found = true;
      named.set('default', { type: 'local', name: defaultName });
    } else if (addExported(named, statement)) found = true;
  }
  return found ? { named, stars } : undefined;
}

/** `export {a as b}`, `export {a} from`, `export * from`, `export * as a from`. */
function addDeclaration(named: Map<string, ExportEntry>, stars: string[], node: ts.ExportDeclaration): void {
  const specifier =
    node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier) ? node.moduleSpecifier.text : undefined;
  if (!node.exportClause) {
    if (specifier !== undefined) stars.push(specifier);
  } else if (ts.isNamespaceExport(node.exportClause)) {
    if (specifier !== undefined) named.set(node.exportClause.name.text, { type: 'from', specifier, name: '*' });
  } else {
    for (const { name, propertyName } of node.exportClause.elements) {
      const own = (propertyName ?? name).text;
      named.set(
        name.text,
        specifier === undefined ? { type: 'local', name: own } : { type: 'from', specifier, name: own },
      );
    }
  }
}

/** Statements with the `export` keyword. */
function addExported(named: Map<string, ExportEntry>, statement: ts.Statement): boolean {
  const modifiers = ts.canHaveModifiers(statement) ? (ts.getModifiers(statement) ?? []) : [];
  if (!modifiers.some(modifier => modifier.kind === ts.SyntaxKind.ExportKeyword)) return false;
  if (ts.isVariableStatement(statement)) {
    for (const name of declaredNames(statement.declarationList)) named.set(name, { type: 'local', name });
  } else if (
    ts.isFunctionDeclaration(statement) ||
    ts.isClassDeclaration(statement) ||
    ts.isEnumDeclaration(statement)
  ) {
    const name = statement.name?.text ?? 'default';
    const isDefault = modifiers.some(modifier => modifier.kind === ts.SyntaxKind.DefaultKeyword);
    named.set(isDefault ? 'default' : name, { type: 'local', name });
  }
  return true;
}

function declaredNames(list: ts.VariableDeclarationList): string[] {
  const names: string[] = [];
  const add = (name: ts.BindingName): void => {
    if (ts.isIdentifier(name)) names.push(name.text);
    else for (const element of name.elements) if (ts.isBindingElement(element)) add(element.name);
  };
  for (const declaration of list.declarations) add(declaration.name);
  return names;
}
