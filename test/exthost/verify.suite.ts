import * as assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import * as vscode from 'vscode';
import type { VerifyReport } from '../../src-attack/process/verify-protocol.ts';
import { closeEditors, codeLenses, diagnosticsOf, extensionId, openFixture } from './helpers.ts';

interface Api {
  verified(): { report: VerifyReport } | undefined;
}

describe('the numeric verification', () => {
  let document: vscode.TextDocument;
  before(async () => {
    document = await openFixture('model.ts');
    await diagnosticsOf(document);
  });
  after(closeEditors);

  it('measures what the analysis predicts, from the lens', async () => {
    const [lens] = await codeLenses(document, /^Verify numerically$/);
    assert.ok(lens?.command);
    await vscode.commands.executeCommand(lens.command.command, ...(lens.command.arguments ?? []));
    const api = vscode.extensions.getExtension(extensionId)?.exports as Api;
    const { whole: measured, predicted } = api.verified()?.report ?? assert.fail('no report');
    assert.equal(measured?.rank, 768);
    assert.equal(measured.unknowns, 768);
    assert.match(predicted.text, /768 of 768/);
    assert.equal(measured.maps[0]?.shares.length, 256);
  });
});
