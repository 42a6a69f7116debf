import { setTimeout as delay } from 'node:timers/promises';
import type { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { registeredAttributes } from '../../workflows/registered-attributes.js';

/** Closed sessions can be looked at in the Web UI for this long. */
const retentionMs = 30 * 86_400_000;

/** Each of the server's parts reads a namespace anew every 2 s (system.namespaceCacheRefreshInterval): after two of these all know what is new, ms. */
const knownAfterMs = 4_000;

/** Numbers of the types in temporal.api.enums.v1.IndexedValueType. */
const indexedValueTypes = { Keyword: 2, Int: 3 } as const;

/**
 * Has a namespace keep closed workflows, and know every search attribute. The server's own flag for these works only
 * while its database is new: what a later SHIM brings would be unknown, and a workflow that sets it would not start.
 */
export async function prepareNamespace(connection: Connection, namespace: string): Promise<void> {
  await connection.workflowService.updateNamespace({ namespace, config: { workflowExecutionRetentionTtl: msToTs(retentionMs) } });
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const missing = Object.entries(registeredAttributes).filter(([name]) => !(name in (customAttributes ?? {})));
  if (missing.length === 0) return;
  const searchAttributes = Object.fromEntries(missing.map(([name, type]) => [name, indexedValueTypes[type]]));
  await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
  await delay(knownAfterMs);
}
