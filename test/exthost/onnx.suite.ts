import * as assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { after, before, describe, it } from 'mocha';
import * as vscode from 'vscode';
import type { OnnxTable } from '../../server/protocol.ts';
import {
  closeEditors,
  codeLenses,
  diagnosticsOf,
  extensionId,
  hoverText,
  openText,
  rangeOf,
  ruleOf,
  until,
  workspacePath,
} from './helpers.ts';

const text = `<
  ir_version: 8,
  opset_import: ["" : 17]
>
tiny (float[1, 3, 8, 8] image) => (float[1, 4, 6, 6] scores)
<float[4, 3, 3, 3] kernel = ["location": "tiny.bin"]>
{
  a = Conv (image, kernel)
  scores = Tanh (a)
}
`;

describe('a .onnx file', () => {
  let api: { onnxTable(): OnnxTable | undefined };
  let fixtures: string;
  const file = () => vscode.Uri.file(workspacePath('digits.onnx'));

  function copy(model: string): void {
    fs.copyFileSync(path.join(fixtures, model), file().fsPath);
  }

  before(async () => {
    const extension = vscode.extensions.getExtension(extensionId);
    assert.ok(extension);
    api = await extension.activate();
    fixtures = path.join(extension.extensionPath, 'test/fixtures/onnx/paper');
    copy('cnn3_c2.onnx');
  });
  after(async () => {
    await closeEditors();
    fs.rmSync(file().fsPath);
  });

  it('opens as a table of its layers, which follows the file', async () => {
    await vscode.commands.executeCommand('vscode.open', file());
    const tab = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
    assert.ok(tab instanceof vscode.TabInputCustom);
    assert.equal(tab.viewType, 'leaklint.onnxTable');
    const table = await until('table', () => api.onnxTable());
    assert.match(table.model?.identifiable ?? '', /^r = \d+ of 3072/);
    const convolution = table.model?.layers.find(({ op }) => op === 'Conv');
    assert.equal(convolution?.input, '[3, 32, 32]');
    assert.equal(convolution?.verdict, 'deficient');

    copy('cnn3_c1.onnx');
    await until('changed table', () => api.onnxTable()?.model?.identifiable !== table.model?.identifiable);
    fs.writeFileSync(file().fsPath, 'no model');
    await until('error in the table', () => /not an ONNX model/.test(api.onnxTable()?.errors.join() ?? ''));
    copy('cnn3_c2.onnx');
    await until('table again', () => api.onnxTable()?.model?.identifiable === table.model?.identifiable);
  });

  it('opens as read-only text with findings, hovers, lenses and an outline', async () => {
    await vscode.commands.executeCommand('leaklint.openOnnxAsText', file());
    const document = vscode.window.activeTextEditor?.document;
    assert.ok(document);
    assert.equal(document.uri.scheme, 'leaklint-onnx');
    assert.equal(document.languageId, 'onnx-text');
    const diagnostics = await diagnosticsOf(document);
    const leak = diagnostics.find(diagnostic => ruleOf(diagnostic) === 'identifiable-input');
    assert.ok(leak, diagnostics.map(ruleOf).join());
    assert.match(await hoverText(document, 'Conv <', /gradient leakage/i), /rank\(U\)/);
    assert.ok(await codeLenses(document, /^r = \d+ of 3072/));
    const symbols = await vscode.commands.executeCommand<vscode.DocumentSymbol[]>(
      'vscode.executeDocumentSymbolProvider',
      document.uri,
    );
    assert.ok(symbols[0]?.children.some(({ detail }) => detail.startsWith('Conv')));
    const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>(
      'vscode.executeCodeActionProvider',
      document.uri,
      leak.range,
    );
    // Nobody can type here: what is offered changes nothing.
    assert.ok(actions.length > 0);
    assert.deepEqual(
      actions.filter(({ edit }) => edit).map(({ title }) => title),
      [],
    );
    assert.equal(vscode.workspace.fs.isWritableFileSystem(document.uri.scheme), false);

    const text = document.getText();
    copy('cnn3_c1.onnx');
    await until('changed text', () => document.getText() !== text);
    fs.writeFileSync(file().fsPath, 'no model');
    await until('error in the text', () =>
      /^# digits\.onnx cannot be shown as text\.\n.*not an ONNX model/.test(document.getText()),
    );
    copy('cnn3_c2.onnx');
    await until('text again', () => document.getText() === text);
    const missing = document.uri.with({ path: document.uri.path.replace('digits.onnx', 'missing.onnx') });
    await assert.rejects(async () => vscode.workspace.fs.readFile(missing), /no such file|not found|nonexist/i);
  });
});

describe('ONNX text', () => {
  after(closeEditors);

  it('leads from a value to the node that makes it, and to its uses', async () => {
    const document = await openText('onnx-text', text);
    const use = rangeOf(document, 'a)', 'Tanh (').start;
    const [definition] = await vscode.commands.executeCommand<vscode.Location[]>(
      'vscode.executeDefinitionProvider',
      document.uri,
      use,
    );
    assert.ok(definition?.range.isEqual(rangeOf(document, 'a', '{\n  ')));
    const references = await vscode.commands.executeCommand<vscode.Location[]>(
      'vscode.executeReferenceProvider',
      document.uri,
      rangeOf(document, 'kernel').start,
    );
    const lines = references.map(({ range }) => range.start.line);
    assert.deepEqual(lines, [5, 7]);
  });
});
