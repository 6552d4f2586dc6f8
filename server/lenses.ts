import type { CodeLens } from 'vscode-languageserver';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import type { FileReport } from '../src-analysis/check.ts';
import { toLspRange } from './positions.ts';
import { commands, type ShowReportArgument } from './protocol.ts';
import { modelLine } from './wording.ts';

/** One lens per model: c(M) and r of n; clicking shows the layer report. */
export function lensesOf(document: TextDocument, report: FileReport): CodeLens[] {
  return report.models
    .filter(({ graph }) => graph.range)
    .map(({ graph, analysis }) => {
      const range = toLspRange(document, graph.range);
      const argument: ShowReportArgument = { uri: document.uri, range };
      return {
        range,
        command: { title: modelLine(graph, analysis), command: commands.showLayerReport, arguments: [argument] },
      };
    });
}
