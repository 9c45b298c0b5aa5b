export type { CriterionInfo, OperatorInfo, PolicyInfo } from './api/lists.js';
export { criteria, operators, policies } from './api/lists.js';
export { openModel } from './api/model.js';
export type * from './api/types.js';
export type { ErrorCode, Where } from './errors.js';
export { EspalierError } from './errors.js';
export type { Plan, PlannedCopy, PlannedGroup } from './plan/plan.js';
export { readPlan } from './plan/read.js';
export { VERSION } from './version.js';
