export type { OutputReport, Verification, VerifyOptions } from '../options/types.js';
