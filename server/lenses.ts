import type { CodeLens } from 'vscode-languageserver';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import type { FileReport } from '../src-analysis/check.ts';
import { modelLine } from '../src-analysis/reports/headline.ts';
import { toLspRange } from './positions.ts';
import { commands, type RunAttackArgument, type ShowReportArgument } from './protocol.ts';

/** Per model: r of n and c(M), which open the layer report; the attack that proves them; the measurement that checks them. */
export function lensesOf(document: TextDocument, report: FileReport): CodeLens[] {
  return report.models
    .filter(({ graph }) => graph.range)
    .flatMap(({ graph, analysis }) => {
      const range = toLspRange(document, graph.range);
      const argument: ShowReportArgument = { uri: document.uri, range };
      const attack: RunAttackArgument = { uri: document.uri, model: graph.name };
      return [
        {
          range,
          command: { title: modelLine(graph, analysis), command: commands.showLayerReport, arguments: [argument] },
        },
        { range, command: { title: 'Run leakage attack', command: commands.runLeakageAttack, arguments: [attack] } },
        { range, command: { title: 'Verify numerically', command: commands.verifyNumerically, arguments: [attack] } },
      ];
    });
}
