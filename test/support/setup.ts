import fc from 'fast-check';

// The same cases in every run: a failure is one of the code, not of the day. ESPALIER_SEED draws others.
fc.configureGlobal({ seed: Number(process.env.ESPALIER_SEED ?? 20260101) });
