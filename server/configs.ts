import * as path from 'node:path';
import { type Connection, DiagnosticSeverity } from 'vscode-languageserver';
import { URI } from 'vscode-uri';
import { type ConfigCache, configPathOf, type FoundConfig, findConfig } from '../host/config.ts';
import { type ConfigProblem, defaultConfig, type ResolvedConfig } from '../src-analysis/findings/config.ts';
import { fileFilterOf } from '../src-analysis/findings/globs.ts';
import { source } from './diagnostics.ts';
import { shownFile } from './onnx-documents.ts';

export interface DocumentConfig {
  readonly config: ResolvedConfig;
  /** The document's path as the configuration's globs see it. */
  readonly configPath: string;
  /** False where `include` and `exclude` leave the document out. */
  readonly included: boolean;
}

/** `leaklint.json` for each document, by the resolver of the command line; its problems become diagnostics on it. */
export function createConfigs(connection: Connection) {
  let cache: ConfigCache = new Map();
  /** Configuration files that carry diagnostics now. */
  const reported = new Set<string>();

  function report({ path: file, problems }: FoundConfig): void {
    if (!file) return;
    const uri = URI.file(file).toString();
    if (problems.length === 0 && !reported.delete(uri)) return;
    if (problems.length > 0) reported.add(uri);
    void connection.sendDiagnostics({ uri, diagnostics: problems.map(toDiagnostic) });
  }

  return {
    async of(uri: string): Promise<DocumentConfig> {
      const parsed = URI.parse(shownFile(uri));
      if (parsed.scheme !== 'file') return { config: defaultConfig, configPath: parsed.path, included: true };
      const found = await findConfig(parsed.fsPath, cache);
      report(found);
      const configPath = configPathOf(found, parsed.fsPath, path.dirname(parsed.fsPath));
      return { config: found.config, configPath, included: fileFilterOf(found.config)(configPath) };
    },
    /** A configuration was made, changed or removed: any folder below may be concerned. */
    changed(deleted: readonly string[]) {
      cache = new Map();
      for (const uri of deleted) {
        if (reported.delete(uri)) void connection.sendDiagnostics({ uri, diagnostics: [] });
      }
    },
  };
}

function toDiagnostic({ message, position }: ConfigProblem) {
  return { range: { start: position, end: position }, severity: DiagnosticSeverity.Error, source, message };
}
