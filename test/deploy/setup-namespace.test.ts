import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureBinary } from '../../scripts/find-binary.mjs';
import { registeredAttributes } from '../../workflows/registered-attributes.js';
import { projectRoot } from '../support/project-root.js';

/** Numbers of the types in temporal.api.enums.v1.IndexedValueType. */
const indexedValueTypes = { Keyword: 2, Int: 3 } as const;
const namespace = 'supervision';

describe('the set-up of a production namespace', () => {
  let server: TestWorkflowEnvironment;
  const programs = mkdtempSync(join(tmpdir(), 'shim-programs-'));

  beforeAll(async () => {
    const temporal = ensureBinary('temporal');
    symlinkSync(temporal, join(programs, 'temporal'));
    server = await TestWorkflowEnvironment.createLocal({ server: { executable: { type: 'existing-path', path: temporal } } });
  });

  afterAll(async () => {
    await server.teardown();
    rmSync(programs, { recursive: true, force: true });
  });

  it.each(['the first time', 'again'])("makes what SHIM needs, %s", async () => {
    const environment = { ...process.env, PATH: `${programs}:${process.env['PATH']}`, TEMPORAL_ADDRESS: server.address, TEMPORAL_NAMESPACE: namespace };
    await promisify(execFile)('sh', [join(projectRoot(), 'deploy', 'temporal', 'setup-namespace.sh')], { env: environment });
    const { customAttributes } = await server.connection.operatorService.listSearchAttributes({ namespace });
    expect(customAttributes).toMatchObject(Object.fromEntries(Object.entries(registeredAttributes).map(([name, type]) => [name, indexedValueTypes[type]])));
    const { config } = await server.client.workflowService.describeNamespace({ namespace });
    expect(config?.workflowExecutionRetentionTtl?.seconds?.toString()).toBe(String(30 * 86_400));
  });
});
