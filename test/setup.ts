/**
 * Property tests draw the same cases in every run, so that a failure is always somebody's change. To look for new cases:
 * `LEAKLINT_SEED=$RANDOM npx vitest run`.
 */
import fc from 'fast-check';

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(process.env.LEAKLINT_SEED ?? 20261122) });
