import type { Payload } from '@temporalio/common';
import { sessionStates, type SessionState } from '../domain/session.js';
import type { TemporalLink } from './connection.js';
import type { LoadedTemporal } from './temporal-modules.js';

/** Of the sessions that have not closed. */
export const openSessions = "WorkflowType = 'superviseSession' AND ExecutionStatus = 'Running'";

/** The server's largest page. */
export const listedAtOnce = 1_000;

/** gRPC's status code. */
const notFound = 5;

/** An open session as Temporal lists it. */
export interface ListedSession {
  name: string;
  sessionId: string;
  agent: string;
  hostId: string;
  /** The fleet that it is a member of; null where it is of none. */
  fleet: string | null;
  state: SessionState;
  /** Number of the latest attempt. */
  attempt: number;
  restarts: number;
  startedAtMs: number;
}

/**
 * Lists the open sessions. The SDK's own list converts all that Temporal tells of each, much of it twice: half of the client's work on a list of a
 * thousand. Here only what is asked for is read.
 *
 * @throws ServiceError, NamespaceNotFoundError as the SDK's own list does.
 */
export async function listOpenSessions({ client, namespace }: TemporalLink, { client: sdk, messages: { searchAttributes }, fleet: { fleetSearchAttributes } }: LoadedTemporal): Promise<ListedSession[]> {
  const { payloadCodecs, payloadConverter } = client.options.loadedDataConverter;
  const found: ListedSession[] = [];
  let nextPageToken: Uint8Array = new Uint8Array();
  do {
    const page = await client.workflowService.listWorkflowExecutions({ namespace, query: openSessions, pageSize: listedAtOnce, nextPageToken }).catch((error: unknown) => {
      if (!sdk.isGrpcServiceError(error)) throw error;
      // There is nothing else that a list could miss.
      if ((error.code as number) === notFound) throw new sdk.NamespaceNotFoundError(namespace);
      throw new sdk.ServiceError('Failed to list workflows', { cause: error });
    });
    // Search attributes are never encrypted, a memo is.
    let ids: Payload[] = page.executions.map(({ memo }) => memo?.fields?.['sessionId'] ?? {});
    for (const codec of payloadCodecs) ids = await codec.decode(ids);
    for (const [place, { execution, startTime, searchAttributes: values }] of page.executions.entries()) {
      const valueOf = ({ name }: { name: string }) => {
        const payload = values?.indexedFields?.[name];
        return payload ? sdk.defaultPayloadConverter.fromPayload<unknown>(payload) : null;
      };
      const told = valueOf(searchAttributes.state);
      const sessionId = ids[place]?.data ? payloadConverter.fromPayload<unknown>(ids[place]) : null;
      found.push({
        name: (execution?.workflowId ?? '').replace(/^session\//, ''),
        sessionId: textOr('', sessionId),
        agent: textOr('', valueOf(searchAttributes.agent)),
        hostId: textOr('', valueOf(searchAttributes.host)),
        fleet: textOr(null, valueOf(fleetSearchAttributes.fleet)),
        state: sessionStates.find((state) => state === told) ?? 'starting',
        attempt: countOf(valueOf(searchAttributes.attempt)),
        restarts: countOf(valueOf(searchAttributes.restarts)),
        startedAtMs: Number(startTime?.seconds ?? 0) * 1_000 + Math.floor((startTime?.nanos ?? 0) / 1e6),
      });
    }
    nextPageToken = page.nextPageToken;
  } while (nextPageToken.length > 0);
  return found;
}

function textOr<T extends string | null>(otherwise: T, value: unknown): string | T {
  return typeof value === 'string' ? value : otherwise;
}

function countOf(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
