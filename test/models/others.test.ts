import { cases } from './cases.ts';
import { modelSuite } from './suite.ts';

for (const model of cases.filter(({ name }) => !name.startsWith('TFC'))) modelSuite(model);
