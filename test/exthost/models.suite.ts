import * as assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import * as vscode from 'vscode';
import type { TreeNode } from '../../client/models-tree.ts';
import { applyCodeAction, closeEditors, diagnosticsOf, extensionId, openFixture, openText, until } from './helpers.ts';

describe('the Models view', () => {
  let tree: vscode.TreeDataProvider<TreeNode>;
  before(async () => {
    await openFixture('model.ts');
    const extension = vscode.extensions.getExtension<{ modelsTree: typeof tree }>(extensionId);
    assert.ok(extension);
    tree = (await extension.activate()).modelsTree;
  });
  after(closeEditors);

  async function childOf(node: TreeNode | undefined, label: RegExp): Promise<TreeNode> {
    return until(`entry ${label}`, async () => {
      const children = (await tree.getChildren(node)) ?? [];
      return children.find(child => label.test(labelOf(child)));
    });
  }
  const item = (node: TreeNode) => tree.getTreeItem(node) as vscode.TreeItem;
  const labelOf = (node: TreeNode) => {
    const { label, resourceUri } = item(node);
    return (typeof label === 'string' ? label : label?.label) ?? resourceUri?.path ?? '';
  };

  it('unfolds a file into models and layers, with figures', async () => {
    const file = await childOf(undefined, /model\.ts$/);
    const model = await childOf(file, /createModel/);
    assert.match(String(item(model).description), /^r\/n (≈ )?[\d.]+ % · c\(M\) /);
    const layer = await childOf(model, /conv2d/);
    assert.equal(item(layer).description, 'conv2d · [16, 16, 12]');
    assert.match(String(item(layer).tooltip), /^(Soluble|Deficient|Unknown): /);
  });

  it('goes to the layer that is clicked', async () => {
    const model = await childOf(await childOf(undefined, /model\.ts$/), /createModel/);
    const { command } = item(await childOf(model, /conv2d/));
    assert.ok(command);
    await vscode.commands.executeCommand(command.command, ...(command.arguments ?? []));
    const editor = vscode.window.activeTextEditor;
    assert.equal(editor?.document.getText(editor.selection), 'conv2d');
  });

  it('hands a model to the layer report', async () => {
    const model = await childOf(await childOf(undefined, /model\.ts$/), /createModel/);
    await vscode.commands.executeCommand('leaklint.showLayerReport', model);
    await until('layer report', () =>
      vscode.window.visibleTextEditors.find(
        ({ document }) => document.uri.scheme === 'leaklint-report' && /conv2d/.test(document.getText()),
      ),
    );
  });
});

describe('verified what-ifs', () => {
  after(closeEditors);

  it('are quick fixes that do what they say', async () => {
    const leaky = await openFixture('model.ts');
    const document = await openText('typescript', leaky.getText());
    const [diagnostic] = await diagnosticsOf(document);
    assert.ok(diagnostic);
    const before = document.getText();
    const fix = await until('what-if', async () => {
      const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>(
        'vscode.executeCodeActionProvider',
        document.uri,
        diagnostic.range,
        vscode.CodeActionKind.QuickFix.value,
      );
      return actions.find(({ title }) => /→ r falls from 100 % to [\d.]+ %/.test(title));
    });
    await applyCodeAction(fix);
    assert.notEqual(document.getText(), before);
    const promised = Number(/to ([\d.]+) %/.exec(fix.title)?.[1]);
    await until('lens with the promised share', async () => {
      const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>(
        'vscode.executeCodeLensProvider',
        document.uri,
        100,
      );
      const shown = lenses.map(({ command }) => Number(/\(([\d.]+) %/.exec(command?.title ?? '')?.[1]));
      return shown.some(share => Math.abs(share - promised) <= 0.5);
    });
  });
});
