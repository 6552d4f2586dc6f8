import type { Connection } from 'vscode-languageserver';
import { shownFile } from './onnx-documents.ts';
import { defaultSettings, type Settings } from './protocol.ts';

/** Settings per resource, asked for once and kept until the client says they changed. */
export function createSettings(connection: Connection) {
  const cache = new Map<string, Promise<Settings>>();
  let supported = false;

  async function ask(uri: string): Promise<Settings> {
    const given: unknown = await connection.workspace.getConfiguration({
      scopeUri: shownFile(uri),
      section: 'leaklint',
    });
    return mergeSettings(given);
  }

  return {
    enableConfigurationRequests() {
      supported = true;
    },
    of(uri: string): Promise<Settings> {
      if (!supported) return Promise.resolve(defaultSettings);
      let settings = cache.get(uri);
      if (!settings) {
        settings = ask(uri).catch(() => defaultSettings);
        cache.set(uri, settings);
      }
      return settings;
    },
    forget(uri?: string) {
      if (uri) cache.delete(uri);
      else cache.clear();
    },
  };
}

/** Keeps what has the right type and falls back to the default for the rest: clients other than ours may send anything. */
export function mergeSettings(given: unknown): Settings {
  const { enable, run, codeLens, exactElimination, inlayHints } = asRecord(given);
  const lens = asRecord(codeLens).enable;
  const seconds = asRecord(exactElimination).maxSeconds;
  const shapes = asRecord(inlayHints).outputShapes;
  return {
    enable: typeof enable === 'boolean' ? enable : defaultSettings.enable,
    run: run === 'onSave' || run === 'onType' ? run : defaultSettings.run,
    codeLens: { enable: typeof lens === 'boolean' ? lens : defaultSettings.codeLens.enable },
    exactElimination: {
      maxSeconds: typeof seconds === 'number' && seconds >= 0 ? seconds : defaultSettings.exactElimination.maxSeconds,
    },
    inlayHints: { outputShapes: typeof shapes === 'boolean' ? shapes : defaultSettings.inlayHints.outputShapes },
  };
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
