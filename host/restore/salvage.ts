import type { CheckpointManifest } from '../../domain/checkpoint.js';
import type { SessionSpec } from '../../domain/session.js';
import { emptySignals } from '../../domain/signals.js';
import { agentFor } from '../agents/registry.js';
import type { CheckpointError } from '../checkpoints/checkpoint-error.js';
import type { CheckpointManager } from '../checkpoints/checkpoint-manager.js';
import type { SessionFolder } from '../session-folder.js';
import { RestoreError } from './restore-error.js';

/** Makes a checkpoint of the session's folder as it is and pins it, so that what is written over can be brought back. @throws RestoreError */
export async function salvage(manager: CheckpointManager, folder: SessionFolder, spec: SessionSpec): Promise<CheckpointManifest> {
  const { newest } = manager;
  const attempt = folder.attempts().at(-1);
  const live = attempt?.live() ?? null;
  let failure: CheckpointError | null = null;
  const onFailure = (error: CheckpointError) => {
    failure = error;
  };
  manager.once('checkpoint_failed', onFailure);
  const manifest = await manager.create('salvage', {
    sessionId: spec.sessionId,
    sessionName: spec.name,
    epoch: attempt?.epoch ?? 1,
    attemptId: attempt?.record()?.attemptId ?? '',
    signals: live?.signals ?? emptySignals(Date.now()),
    transcriptPath: live?.transcriptPath ?? null,
    isMessage: agentFor(spec.agent).isMessage,
    launch: newest?.launch ?? { agent: spec.agent, argv: spec.argv, cwd: spec.cwd, environmentNames: spec.environmentNames, conversationId: live?.signals.conversationId ?? null, agentVersion: null },
  });
  manager.off('checkpoint_failed', onFailure);
  if (!manifest) throw new RestoreError(`${spec.cwd} was left as it is: no salvage copy of it could be made`, { cause: failure });
  await manager.repository.pin(manifest.id);
  return manifest;
}
