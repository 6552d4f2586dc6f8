import { type CancellationToken, type MessageConnection, ResponseError } from 'vscode-jsonrpc/node';
import { openModel } from '../run/model-file.ts';
import { type VerifyHooks, verifyModel } from '../verify/verify.ts';
import { watchMemory } from './memory-guard.ts';
import { readNamed } from './named-file.ts';
import { type VerifyReport, type VerifySpec, verifyMethod, verifyProgressMethod } from './verify-protocol.ts';

/** Answers requests to measure a model. */
export function serveVerify(connection: MessageConnection): void {
  connection.onRequest(verifyMethod, async (spec: VerifySpec, cancel: CancellationToken): Promise<VerifyReport> => {
    const report = verifySpec(spec, {
      cancel,
      progress: progress => void connection.sendNotification(verifyProgressMethod, progress),
    });
    try {
      return await withinMemory(report);
    } catch (error) {
      throw new ResponseError(-32000, error instanceof Error ? error.message : String(error));
    }
  });
}

/** Reads what a spec names and measures it. @throws {Error} with a sentence for the user */
export async function verifySpec(spec: VerifySpec, hooks: VerifyHooks): Promise<VerifyReport> {
  const opened = await openModel(spec.model);
  const { pictures, ...request } = spec;
  const bytes: Uint8Array[] = [];
  for (const path of pictures?.paths ?? []) bytes.push(await readNamed('image', path));
  const verification = await verifyModel(
    opened,
    { ...request, ...(pictures ? { pictures: { ...pictures, bytes } } : {}) },
    hooks,
  );
  return { model: opened.model.name, ...verification };
}

/** Answers before the process has taken the machine's memory; whoever asked then ends it. */
async function withinMemory<T>(work: Promise<T>): Promise<T> {
  let unwatch = () => {};
  const tooMuch = new Promise<never>((_, reject) => {
    const advice = 'Try a smaller model, or fewer examples a gradient.';
    unwatch = watchMemory({ what: 'The measurement', advice }, message => reject(new Error(message)));
  });
  try {
    return await Promise.race([work, tooMuch]);
  } finally {
    unwatch();
  }
}
