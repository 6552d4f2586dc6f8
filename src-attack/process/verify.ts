import { type CancellationToken, type MessageConnection, ResponseError } from 'vscode-jsonrpc/node';
import { analyseModel } from '../../src-analysis/analyse.ts';
import { neverCancelled } from '../../src-analysis/readers/reader.ts';
import { identifiablePhrase } from '../../src-analysis/reports/headline.ts';
import { openModel } from '../run/model-file.ts';
import { pixelMap } from '../verify/map.ts';
import { type VerifyResult, verifyModel } from '../verify/verify.ts';
import {
  type Measurement,
  type VerifyProgress,
  type VerifyReport,
  type VerifySpec,
  verifyMethod,
  verifyProgressMethod,
} from './verify-protocol.ts';

/** Answers requests to measure a model. */
export function serveVerify(connection: MessageConnection): void {
  connection.onRequest(verifyMethod, async (spec: VerifySpec, cancel: CancellationToken): Promise<VerifyReport> => {
    try {
      const opened = await openModel(spec.model);
      const result = await verifyModel(opened, spec, {
        cancel,
        progress: (rank, most, what) => {
          void connection.sendNotification(verifyProgressMethod, { rank, most, what } satisfies VerifyProgress);
        },
      });
      const { twin } = result;
      return {
        model: opened.model.name,
        predicted: identifiablePhrase(analyseModel(opened.model, new Map(), neverCancelled).identifiable),
        measured: measurementOf(result),
        twin: twin ? ('rank' in twin ? measurementOf(twin) : twin) : null,
      };
    } catch (error) {
      throw new ResponseError(-32000, error instanceof Error ? error.message : String(error));
    }
  });
}

function measurementOf({ shares, twin: _, ...rest }: VerifyResult): Measurement {
  const map = shares && pixelMap(shares, rest.inputShape);
  return { ...rest, map: map && { ...map, shares: Array.from(map.shares, share => Math.round(1000 * share) / 1000) } };
}
