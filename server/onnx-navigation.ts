/** Go to definition and find references in ONNX text: from a value's name to the node that makes it and back. */
import type { Connection, Location, TextDocuments } from 'vscode-languageserver';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import type { Occurrence, Scope } from '../src-analysis/readers/onnx-text/names.ts';
import { parseOnnxText } from '../src-analysis/readers/onnx-text/parse.ts';
import { neverCancelled } from '../src-analysis/readers/reader.ts';
import { onnxTextLanguage } from './onnx-documents.ts';
import { toLspRange } from './positions.ts';

/** The scope whose value a name means: the nearest one around that defines it; its own where none does. */
export function definingScope(name: string, scope: Scope): Scope {
  for (let at: Scope | null = scope; at; at = at.parent) if (at.defined.has(name)) return at;
  return scope;
}

/** The occurrences of the value named at an offset, in the order of the text. */
export function occurrencesAt(occurrences: readonly Occurrence[], offset: number): readonly Occurrence[] {
  const here = occurrences.find(({ range }) => range.start <= offset && offset <= range.end);
  if (!here) return [];
  const scope = definingScope(here.name, here.scope);
  return occurrences
    .filter(other => other.name === here.name && definingScope(other.name, other.scope) === scope)
    .sort((a, b) => a.range.start - b.range.start);
}

export function registerOnnxNavigation(connection: Connection, documents: TextDocuments<TextDocument>): void {
  /** Of the version asked about last: questions come in bursts on one document. */
  let parsed:
    | { readonly uri: string; readonly version: number; readonly occurrences: readonly Occurrence[] }
    | undefined;

  function occurrencesOf(document: TextDocument): readonly Occurrence[] {
    const { uri, version } = document;
    if (parsed?.uri !== uri || parsed.version !== version) {
      parsed = { uri, version, occurrences: parseOnnxText(document.getText(), neverCancelled).occurrences };
    }
    return parsed.occurrences;
  }

  function locations(
    uri: string,
    position: { readonly line: number; readonly character: number },
    wanted: (occurrence: Occurrence) => boolean,
  ): Location[] {
    const document = documents.get(uri);
    if (document?.languageId !== onnxTextLanguage) return [];
    return occurrencesAt(occurrencesOf(document), document.offsetAt(position))
      .filter(wanted)
      .map(({ range }) => ({ uri, range: toLspRange(document, range) }));
  }

  connection.onDefinition(({ textDocument, position }) =>
    locations(textDocument.uri, position, ({ role }) => role === 'definition'),
  );
  connection.onReferences(({ textDocument, position, context }) =>
    locations(textDocument.uri, position, ({ role }) => context.includeDeclaration || role !== 'definition'),
  );
}
