/**
 * The attack panel: one webview beside the editor. The extension holds the run's state, so that hiding the panel or
 * the end of the attack process loses nothing; the page keeps a copy for a reload of the window.
 */
import * as vscode from 'vscode';
import type { LanguageClient } from 'vscode-languageclient/node';
import {
  type AttackCancelParams,
  type AttackChoicesResult,
  type AttackEventParams,
  type AttackStartParams,
  attackCancelRequest,
  attackChoicesRequest,
  attackEventNotification,
  attackStartRequest,
  type RunAttackArgument,
} from '../server/protocol.ts';
import type { AttackEvent } from '../src-attack/process/protocol.ts';
import { applyEvent, isActive, newRun } from '../src-attack/process/run-state.ts';
import { exportRun } from './attack-export.ts';
import { createMapMeasurement, restoredMap } from './attack-map.ts';
import { attackPage } from './attack-page.ts';
import { showProgress } from './attack-progress.ts';
import { defaultSetup, imageChoice, settingsOf } from './attack-setup.ts';
import { chooseModel } from './choose-model.ts';
import { activeModelUri } from './onnx-files.ts';
import { sampleImages } from './sample-images.ts';
import { type FromPage, type PanelState, type Setup, type ToPage, withImages } from './webview/attack/messages.ts';
import { webviewPage } from './webview-page.ts';

const viewType = 'leaklint.attack';

export function registerAttackPanel(context: vscode.ExtensionContext, client: () => LanguageClient | undefined) {
  let panel: vscode.WebviewPanel | undefined;
  let state: PanelState | undefined;
  /** Of the page's last choice that is in the state. */
  let revision = 0;
  const changed = new vscode.EventEmitter<PanelState>();

  const post = (message: ToPage) => void panel?.webview.postMessage(message);
  const setState = (next: PanelState) => {
    state = next;
    post({ type: 'state', state: next, revision });
    changed.fire(next);
  };

  const map = createMapMeasurement(
    client,
    () => state,
    next => {
      if (!state) return;
      state = { ...state, map: next };
      post({ type: 'map', map: next });
      changed.fire(state);
    },
  );

  function onEvent(id: number, event: AttackEvent): void {
    if (state?.run?.id !== id) return;
    state = { ...state, run: applyEvent(state.run, event) };
    post({ type: 'event', id, event });
    changed.fire(state);
  }

  /** Every new connection to the server; a run of the old one will not be heard of again. */
  function follow(connected: LanguageClient): void {
    if (state?.run && isActive(state.run)) {
      onEvent(state.run.id, {
        type: 'failed',
        message: 'The language server was restarted. What was reached so far is kept; run the attack again to go on.',
      });
    }
    connected.onNotification(attackEventNotification, ({ id, event }: AttackEventParams) => onEvent(id, event));
  }

  async function open(argument?: RunAttackArgument): Promise<void> {
    const target = await modelToAttack(client(), argument);
    if (!target) return;
    if (state?.run && isActive(state.run) && state.model.uri === target.uri) {
      reveal();
      return;
    }
    const choices = await client()?.sendRequest<AttackChoicesResult>(attackChoicesRequest);
    if (!choices) return;
    reveal();
    const isSame = state?.model.uri === target.uri && state.model.name === target.name;
    if (!isSame) map.drop();
    const images = sampleImages(context.extensionUri, panel?.webview);
    setState({
      model: target,
      choices: { ...choices, images },
      setup:
        state?.setup ??
        defaultSetup(
          choices,
          images.slice(0, 1).map(image => image.id),
        ),
      ...(state && isSame ? { run: state.run, map: state.map } : { run: null, map: null }),
    });
  }

  function reveal(): void {
    if (panel) panel.reveal(undefined, true);
    else {
      adopt(
        vscode.window.createWebviewPanel(viewType, 'Leakage attack', {
          viewColumn: vscode.ViewColumn.Beside,
          preserveFocus: true,
        }),
      );
    }
  }

  function adopt(adopted: vscode.WebviewPanel): void {
    panel = adopted;
    const folders = [
      vscode.Uri.joinPath(context.extensionUri, 'dist', 'webview'),
      vscode.Uri.joinPath(context.extensionUri, 'media'),
    ];
    adopted.webview.options = { enableScripts: true, localResourceRoots: folders };
    adopted.iconPath = vscode.Uri.joinPath(context.extensionUri, 'media', 'icon.png');
    adopted.webview.onDidReceiveMessage((message: FromPage) => receive(message));
    adopted.onDidDispose(() => {
      panel = undefined;
      // Nobody looks any more: the run ends, and what it reached is there when the panel is opened again.
      if (state?.run && isActive(state.run)) void cancel();
      map.cancel();
    });
    adopted.webview.html = webviewPage(adopted.webview, context.extensionUri, attackPage);
  }

  async function receive(message: FromPage): Promise<void> {
    switch (message.type) {
      case 'ready':
        // A new page counts from the beginning.
        revision = 0;
        if (state) post({ type: 'state', state, revision });
        break;
      case 'setup':
        revision = message.revision;
        if (state) setState({ ...state, setup: { ...state.setup, ...message.part } });
        break;
      case 'run':
        await run();
        break;
      case 'cancel':
        await cancel();
        break;
      case 'chooseImage':
        await chooseImage();
        break;
      case 'map':
        if (message.what === 'measure') await map.start();
        else if (message.what === 'cancel') map.cancel();
        else map.shown(message.what === 'show');
        break;
      case 'export':
        if (state?.run) await exportRun(state.run, message.what);
        break;
    }
  }

  async function run(): Promise<void> {
    const server = client();
    if (!state || !server || (state.run && isActive(state.run))) return;
    const id = Date.now();
    const { model, setup } = state;
    const tfjsFolder = vscode.workspace.getConfiguration('leaklint').get<string>('attack.tfjsFolder');
    const settings = { ...settingsOf(setup), ...(tfjsFolder ? { tfjsFolder } : {}) };
    const spec = { ...settings, modelName: model.name };
    map.drop();
    setState({
      ...state,
      run: newRun(id, { ...settings, model: { path: vscode.Uri.parse(model.uri).fsPath, name: model.name } }),
    });
    const params: AttackStartParams = { id, uri: model.uri, spec };
    try {
      await server.sendRequest(attackStartRequest, params);
      void showProgress(id, () => state, changed.event, cancel);
    } catch (error) {
      onEvent(id, { type: 'failed', message: error instanceof Error ? error.message : String(error) });
    }
  }

  async function cancel(): Promise<void> {
    if (!state?.run) return;
    const params: AttackCancelParams = { id: state.run.id };
    await client()?.sendRequest(attackCancelRequest, params);
  }

  async function chooseImage(): Promise<void> {
    const chosen = await vscode.window.showOpenDialog({
      title: 'Images to reconstruct, or captured gradient',
      canSelectMany: true,
      filters: { 'Images and gradients': ['png', 'jpg', 'jpeg', 'safetensors', 'npz'] },
      openLabel: 'Use',
    });
    if (!chosen?.[0] || !state) return;
    const added = await Promise.all(chosen.map(imageChoice));
    const { choices, setup } = state;
    const ids = new Set(added.map(image => image.id));
    const images = [...choices.images.filter(image => !ids.has(image.id)), ...added];
    const gradient = added.find(image => image.kind === 'gradient');
    const pictures = added.filter(image => image.kind === 'image').map(image => image.id);
    const before = setup.batch
      ? images.filter(image => image.kind === 'image' && setup.images.includes(image.id)).map(image => image.id)
      : [];
    const together = [...new Set([...before, ...pictures])];
    // Whoever captured a gradient seldom has the label.
    const next = gradient
      ? { ...setup, ...withImages(setup, [gradient.id], setup.batch), labels: null }
      : { ...setup, ...withImages(setup, together, setup.batch || pictures.length > 1) };
    setState({ ...state, choices: { ...choices, images }, setup: next });
  }

  const serializer: vscode.WebviewPanelSerializer<PanelState> = {
    async deserializeWebviewPanel(restored, saved) {
      adopt(restored);
      if (!saved?.model) return;
      const known = new Set(sampleImages(context.extensionUri, restored.webview).map(image => image.id));
      // Addresses of bundled pictures change with every webview; chosen files carry their own.
      const images = [
        ...sampleImages(context.extensionUri, restored.webview),
        ...saved.choices.images.filter(image => !known.has(image.id) && image.source.startsWith('data:')),
      ];
      const interrupted = saved.run && isActive(saved.run);
      setState({
        ...saved,
        choices: { ...saved.choices, images },
        map: restoredMap(saved.map),
        run:
          interrupted && saved.run
            ? applyEvent(saved.run, {
                type: 'failed',
                message: 'The window was reloaded during the run. What was reached so far is kept.',
              })
            : saved.run,
      });
    },
  };

  return {
    follow,
    state: () => state,
    /** What the page's form and its run button do. */
    setup: (part: Partial<Setup>) => {
      if (state) setState({ ...state, setup: { ...state.setup, ...part } });
    },
    run,
    disposables: [
      changed,
      vscode.commands.registerCommand('leaklint.runLeakageAttack', open),
      vscode.window.registerWebviewPanelSerializer(viewType, serializer),
    ],
  };
}

/** The model to attack: from the lens, or of the active file, asking when there are several. */
async function modelToAttack(
  client: LanguageClient | undefined,
  argument: RunAttackArgument | undefined,
): Promise<PanelState['model'] | undefined> {
  const uri = argument?.uri ?? activeModelUri();
  if (!uri || !client) {
    await vscode.window.showInformationMessage(
      'Open a file with a model first, then run “Leaklint: Run Leakage Attack”.',
    );
    return undefined;
  }
  const model = await chooseModel(client, uri, argument?.model, 'Model to attack');
  return model && { uri, name: model.name, summary: model.summary };
}
