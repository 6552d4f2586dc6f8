import * as assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import * as vscode from 'vscode';
import type { RunState } from '../../src-attack/process/run-state.ts';
import { closeEditors, codeLenses, diagnosticsOf, extensionId, openFixture, until } from './helpers.ts';

interface Api {
  attack(): { run: RunState | null } | undefined;
  debug(): Promise<{ attackProcess: number | null }>;
  /** What the page's buttons do. */
  attackSetup(part: object): void;
  attackRun(): Promise<void>;
}

describe('the attack panel', () => {
  let api: Api;
  before(async () => {
    const document = await openFixture('model.ts');
    await diagnosticsOf(document);
    api = vscode.extensions.getExtension(extensionId)?.exports as Api;
    const [lens] = await codeLenses(document, /^Run leakage attack$/);
    assert.ok(lens?.command);
    await vscode.commands.executeCommand(lens.command.command, ...(lens.command.arguments ?? []));
  });
  after(closeEditors);

  const run = () => api.attack()?.run ?? undefined;
  const ended = (status: RunState['status']) =>
    until(`run that is ${status}`, () => (run()?.status === status ? run() : undefined), 60_000);

  it('reconstructs the sample picture', async () => {
    api.attackSetup({ methods: ['gauss-newton'], steps: 6 });
    await api.attackRun();
    const { methods, figure, report, engine } = await ended('done');
    const psnr = methods[0]?.scores?.psnr;
    assert.ok(psnr === null || (psnr ?? 0) > 30, `PSNR ${psnr}`);
    assert.ok(figure && report && engine);
  });

  it('survives the death of the attack process, and runs again without a reload', async () => {
    api.attackSetup({ methods: ['cosine'], steps: null });
    await api.attackRun();
    await until('a first picture', () => run()?.methods[0]?.pictures[0]);
    const { attackProcess } = await api.debug();
    assert.ok(attackProcess);
    process.kill(attackProcess, 'SIGKILL');
    const { message, methods } = await ended('failed');
    assert.match(message, /SIGKILL/);
    assert.ok(methods[0]?.pictures[0], 'the last picture is kept');
    api.attackSetup({ methods: ['gauss-newton'], steps: 6 });
    await api.attackRun();
    await ended('done');
  });
});
