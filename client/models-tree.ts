/** The tree of the workspace's models: file → model → layers, with verdicts. Asks the language server; computes nothing. */
import * as vscode from 'vscode';
import type { LanguageClient } from 'vscode-languageclient/node';
import {
  type FileModelsParams,
  fileModelsRequest,
  type LayerSummary,
  type LayersParams,
  type LayersResult,
  layersRequest,
  type ModelFile,
  type ModelSummary,
  type ModelsParams,
  type ModelsResult,
  modelsChangedNotification,
  modelsRequest,
  type RunAttackArgument,
  type ShowReportArgument,
} from '../server/protocol.ts';

/** Buttons of a model hand its node to the commands that lenses call: it carries their arguments. */
export type ModelNode = {
  readonly kind: 'model';
  readonly summary: ModelSummary;
  readonly index: number;
} & RunAttackArgument &
  ShowReportArgument;

export type TreeNode =
  | { readonly kind: 'file'; readonly file: ModelFile; readonly uri: string }
  | ModelNode
  | { readonly kind: 'layer'; readonly layer: LayerSummary; readonly uri: string }
  | { readonly kind: 'note'; readonly text: string };

const viewId = 'leaklint.models';

export function registerModelsTree(client: () => LanguageClient | undefined) {
  const changed = new vscode.EventEmitter<TreeNode | undefined>();
  let again = false;
  let open: () => void = () => {};
  const started = new Promise<void>(resolve => {
    open = resolve;
  });

  async function ask<T>(method: string, params: object): Promise<T | undefined> {
    await started;
    const running = client();
    return running?.isRunning() ? running.sendRequest<T>(method, params) : undefined;
  }

  async function files(): Promise<TreeNode[]> {
    const params: ModelsParams = { again };
    again = false;
    const result = await ask<ModelsResult>(modelsRequest, params);
    if (!result) return [];
    const nodes = result.files.map((file): TreeNode => ({ kind: 'file', file, uri: file.uri }));
    return result.note ? [...nodes, { kind: 'note', text: result.note }] : nodes;
  }

  async function models({ file, uri }: TreeNode & { kind: 'file' }): Promise<TreeNode[]> {
    const params: FileModelsParams = { uri };
    const found = file.models ? file : await ask<ModelFile>(fileModelsRequest, params);
    if (!found?.models?.length) return [{ kind: 'note', text: found?.failure ?? 'No model was found in this file.' }];
    return found.models.map((summary, index) => ({
      kind: 'model',
      summary,
      index,
      uri,
      model: summary.name,
      ...(summary.range ? { range: summary.range } : {}),
    }));
  }

  async function layers({ uri, index }: ModelNode): Promise<TreeNode[]> {
    const params: LayersParams = { uri, model: index };
    const result = await ask<LayersResult>(layersRequest, params);
    if (!result) return [];
    const nodes = result.layers.map((layer): TreeNode => ({ kind: 'layer', layer, uri }));
    return result.more > 0 ? [...nodes, { kind: 'note', text: `… and ${result.more} more layers` }] : nodes;
  }

  const provider: vscode.TreeDataProvider<TreeNode> = {
    onDidChangeTreeData: changed.event,
    getTreeItem: treeItem,
    getChildren(node) {
      if (!node) return files();
      if (node.kind === 'file') return models(node);
      return node.kind === 'model' ? layers(node) : [];
    },
  };
  const view = vscode.window.createTreeView(viewId, { treeDataProvider: provider, showCollapseAll: true });

  return {
    provider,
    /** Listens to a client that is about to start. */
    follow(running: LanguageClient) {
      running.onNotification(modelsChangedNotification, () => changed.fire(undefined));
    },
    /** The client has started, or could not: until then the view shows that it waits. */
    started() {
      open();
      changed.fire(undefined);
    },
    disposables: [
      changed,
      view,
      vscode.commands.registerCommand('leaklint.refreshModels', () => {
        again = true;
        changed.fire(undefined);
      }),
    ],
  };
}

const { None, Collapsed, Expanded } = vscode.TreeItemCollapsibleState;

function treeItem(node: TreeNode): vscode.TreeItem {
  switch (node.kind) {
    case 'file':
      return fileItem(node.file);
    case 'model':
      return modelItem(node);
    case 'layer':
      return layerItem(node.layer, node.uri);
    case 'note':
      return Object.assign(new vscode.TreeItem(node.text, None), { iconPath: new vscode.ThemeIcon('info') });
  }
}

function fileItem({ uri: text, models }: ModelFile): vscode.TreeItem {
  const uri = vscode.Uri.parse(text);
  const item = new vscode.TreeItem(uri, models?.length === 1 ? Expanded : Collapsed);
  item.id = text;
  // Name and icon come from the file's address; the description says its folder.
  item.iconPath = vscode.ThemeIcon.File;
  item.description = true;
  item.contextValue = 'file';
  return item;
}

function modelItem(node: ModelNode): vscode.TreeItem {
  const { summary, uri, index } = node;
  const item = new vscode.TreeItem(summary.name, Collapsed);
  const { icon, colour, verdict } = modelVerdict(summary.fraction);
  item.id = `${uri}#${index}`;
  item.description = summary.short;
  item.iconPath = new vscode.ThemeIcon(icon, new vscode.ThemeColor(colour));
  item.tooltip = `${summary.name}: ${verdict}\n${summary.figures}\n${summary.layers} layers`;
  item.accessibilityInformation = { label: `${summary.name}, ${verdict}, ${summary.figures}` };
  item.contextValue = summary.changeable ? 'model changeable' : 'model';
  item.command = openCommand(uri, summary.range);
  return item;
}

/** No verdict is green: a small share is not a protection. */
function modelVerdict(fraction: number | null) {
  if (fraction === null) return { icon: 'question', colour: 'disabledForeground', verdict: 'gradient leakage unknown' };
  if (fraction >= 1) {
    return { icon: 'warning', colour: 'list.warningForeground', verdict: 'the gradient fixes the whole input' };
  }
  return { icon: 'pie-chart', colour: 'list.warningForeground', verdict: 'the gradient fixes a part of the input' };
}

const layerIcons = {
  soluble: { icon: 'warning', colour: 'list.warningForeground' },
  deficient: { icon: 'circle-large-outline', colour: 'descriptionForeground' },
  unknown: { icon: 'question', colour: 'disabledForeground' },
} as const;

function layerItem(layer: LayerSummary, uri: string): vscode.TreeItem {
  const item = new vscode.TreeItem(layer.name, None);
  const { icon, colour } = layer.verdict ? layerIcons[layer.verdict] : { icon: 'dash', colour: 'disabledForeground' };
  item.description = layer.detail;
  item.iconPath = new vscode.ThemeIcon(icon, new vscode.ThemeColor(colour));
  item.tooltip = layer.headline;
  item.accessibilityInformation = { label: `${layer.name}, ${layer.detail}. ${layer.headline}` };
  item.contextValue = 'layer';
  item.command = openCommand(uri, layer.range);
  return item;
}

function openCommand(uri: string, range: ModelSummary['range']): vscode.Command {
  const options: vscode.TextDocumentShowOptions = range
    ? {
        preview: true,
        selection: new vscode.Range(range.start.line, range.start.character, range.end.line, range.end.character),
      }
    : { preview: true };
  return { title: 'Open', command: 'vscode.open', arguments: [vscode.Uri.parse(uri), options] };
}
