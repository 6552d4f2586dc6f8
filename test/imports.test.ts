import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import * as path from 'node:path';
import { globSync } from 'tinyglobby';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '..');

interface Import {
  /** File that imports, relative to the repository. */
  readonly from: string;
  readonly specifier: string;
  /** Imported file relative to the repository; null for packages. */
  readonly file: string | null;
  /** Erased before anything runs. */
  readonly typeOnly: boolean;
}

/** Everything a source text imports: import, export … from, import(), require(), import types. */
function importsIn(from: string, text: string): Import[] {
  const imports: Import[] = [];
  const add = (node: ts.Node | undefined, typeOnly: boolean) => {
    if (!node || !ts.isStringLiteralLike(node)) return;
    const specifier = node.text;
    const local = specifier.startsWith('.');
    const file = local ? path.posix.join(path.posix.dirname(from), specifier) : null;
    imports.push({ from, specifier, file, typeOnly });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, node.importClause?.isTypeOnly ?? false);
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, true);
    else if (ts.isCallExpression(node)) {
      const { expression } = node;
      const loads =
        expression.kind === ts.SyntaxKind.ImportKeyword ||
        (ts.isIdentifier(expression) && expression.text === 'require');
      if (loads) add(node.arguments[0], false);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(from, text, ts.ScriptTarget.ES2022));
  return imports;
}

const files = globSync(['{src-analysis,src-attack,host,server,client,cli}/**/*.{ts,tsx,mts,js}', 'package.json'], {
  cwd: root,
}).sort();
const sources = files.filter(file => file !== 'package.json');
const isTest = (file: string) => /\.test\.ts$/.test(file);
const imports = sources
  .filter(file => !isTest(file))
  .flatMap(file => importsIn(file, readFileSync(path.join(root, file), 'utf8')));

const isNode = (specifier: string) => specifier.startsWith('node:') || builtinModules.includes(specifier);
const isVscode = (specifier: string) => /^vscode($|[-/])/.test(specifier);
/** A library that runs anywhere, whatever its name says. */
const isJsonRpc = (specifier: string) => specifier.startsWith('vscode-jsonrpc');
const isTensorLibrary = (specifier: string) => /^(@tensorflow\/|onnxruntime)/.test(specifier);
const inside = (folder: string, { file }: Import) => file?.startsWith(`${folder}/`) ?? false;
const allowed = (folders: readonly string[], entry: Import) =>
  entry.file === null || entry.file === 'package.json' || folders.some(folder => inside(folder, entry));

/**
 * The client reaches everything else through the language server. These files are plain data, types and text that it
 * shares with the processes it talks to; nothing they import may be more than that.
 */
const sharedWithClient = [
  'server/protocol.ts',
  'src-attack/process/protocol.ts',
  'src-attack/process/run-state.ts',
  'src-attack/process/verify-protocol.ts',
  'src-attack/process/verify-text.ts',
  'src-attack/verify/map.ts',
  'src-attack/report/html.ts',
];

/** What a part of the tree may import: the folders, then a judgement on packages. */
interface Law {
  readonly folder: string;
  readonly folders: readonly string[];
  readonly forbids: (specifier: string) => boolean;
}

const laws: readonly Law[] = [
  {
    folder: 'src-analysis',
    folders: ['src-analysis'],
    forbids: specifier => isNode(specifier) || isVscode(specifier) || isTensorLibrary(specifier),
  },
  {
    // Models and weights are read by the readers of their formats, and a run is reported beside what the analysis predicts.
    folder: 'src-attack',
    folders: ['src-attack', 'src-analysis'],
    forbids: specifier => isVscode(specifier) && !isJsonRpc(specifier),
  },
  {
    folder: 'host',
    folders: ['host', 'src-attack', 'src-analysis'],
    forbids: specifier => isVscode(specifier) || isTensorLibrary(specifier),
  },
  {
    folder: 'cli',
    folders: ['cli', 'host', 'src-attack', 'src-analysis'],
    forbids: specifier => (isVscode(specifier) && !isJsonRpc(specifier)) || isTensorLibrary(specifier),
  },
  {
    // vscode-languageserver, vscode-uri and vscode-jsonrpc are libraries; `vscode` itself is the extension host.
    folder: 'server',
    folders: ['server', 'host', 'src-attack', 'src-analysis'],
    forbids: specifier => specifier === 'vscode' || isTensorLibrary(specifier),
  },
  {
    folder: 'client',
    folders: ['client', ...sharedWithClient],
    forbids: specifier => isTensorLibrary(specifier) || specifier === 'typescript',
  },
];

/** Folders whose files may call each other in a circle: an evaluator of expressions is recursive by nature. */
const recursiveFolders = ['src-analysis/readers/tfjs-code'];

function breaches(law: Law, entries: readonly Import[]): string[] {
  return entries
    .filter(entry => entry.from.startsWith(`${law.folder}/`))
    .filter(entry => {
      const folders = law.folders.some(folder => folder === entry.file) || allowed(law.folders, entry);
      return !folders || (entry.file === null && law.forbids(entry.specifier));
    })
    .map(entry => `${entry.from} imports ${entry.specifier}`);
}

/** Files on a cycle of imports at run time (types may refer to each other), by depth-first search; empty where there is none. */
function cycleIn(entries: readonly Import[]): string[] {
  const next = new Map<string, string[]>();
  for (const { from, file, typeOnly } of entries)
    if (file && !typeOnly) next.set(from, [...(next.get(from) ?? []), file]);
  const done = new Set<string>();
  const trail: string[] = [];
  const visit = (file: string): string[] => {
    const at = trail.indexOf(file);
    if (at >= 0) return [...trail.slice(at), file];
    if (done.has(file)) return [];
    trail.push(file);
    for (const imported of next.get(file) ?? []) {
      const cycle = visit(imported);
      if (cycle.length > 0) return cycle;
    }
    trail.pop();
    done.add(file);
    return [];
  };
  for (const file of next.keys()) {
    const cycle = visit(file);
    if (cycle.length > 0) return cycle;
  }
  return [];
}

describe('imports', () => {
  it.each(laws)('of $folder run one way', law => {
    expect(imports.some(entry => entry.from.startsWith(`${law.folder}/`))).toBe(true);
    expect(breaches(law, imports)).toEqual([]);
  });

  it('lead to files that exist, written with their ending', () => {
    const known = new Set(files);
    const assets = /\.(json|css|svg)$/;
    const lost = imports.filter(entry => entry.file !== null && !known.has(entry.file) && !assets.test(entry.file));
    expect(lost.map(entry => `${entry.from} imports ${entry.specifier}`)).toEqual([]);
  });

  it('of what the client shares stay plain', () => {
    const reached = new Set(sharedWithClient);
    for (const file of reached) {
      for (const entry of imports) if (entry.from === file && entry.file) reached.add(entry.file);
    }
    const packages = imports.filter(entry => reached.has(entry.from) && entry.file === null);
    const impure = packages.filter(entry => entry.specifier !== 'vscode-languageserver-types');
    expect(impure.map(entry => `${entry.from} imports ${entry.specifier}`)).toEqual([]);
  });

  it('form no cycle', () => {
    const withinEvaluator = ({ from, file }: Import) =>
      recursiveFolders.some(folder => [from, file].every(end => end !== null && path.posix.dirname(end) === folder));
    expect(cycleIn(imports.filter(entry => !withinEvaluator(entry)))).toEqual([]);
  });

  it('that break a law are caught, whatever their form', () => {
    const text = `import fs from 'node:fs'; export * from '../server/main.ts'; import type { X } from 'vscode';
      type T = import('./y.ts').T; const a = await import('@tensorflow/tfjs'); const b = require('os'); import './model/graph.ts';`;
    expect(breaches(laws[0]!, importsIn('src-analysis/x.ts', text))).toEqual([
      'src-analysis/x.ts imports node:fs',
      'src-analysis/x.ts imports ../server/main.ts',
      'src-analysis/x.ts imports vscode',
      'src-analysis/x.ts imports @tensorflow/tfjs',
      'src-analysis/x.ts imports os',
    ]);
    const cyclic = [...importsIn('a/x.ts', "import './y.ts'"), ...importsIn('a/y.ts', "export * from './x.ts'")];
    expect(cycleIn(cyclic)).toEqual(['a/x.ts', 'a/y.ts', 'a/x.ts']);
    expect(cycleIn([...cyclic.slice(0, 1), ...importsIn('a/y.ts', "import type { X } from './x.ts'")])).toEqual([]);
  });
});
