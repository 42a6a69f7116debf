import type { Cgroup } from './cgroup.js';
import { ProcessIndex } from './process-index.js';
import { isDead, markersOf, readProcessTable, type ProcessIdentity, type ProcessInfo } from './process-table.js';

/** How the processes of one attempt are told from all others. */
export interface TreeIdentity {
  /** The living holder, which leads a session and a group of its own; null where none lives. */
  holder: ProcessIdentity | null;
  /** Every pid that a holder of this attempt had: the ids of its sessions. */
  sessions: readonly number[];
  /**
   * Where no holder lives: a member of those sessions that started by then is the attempt's own, since a holder still
   * lived, and a session's id is given to no other while it has members. Clock ticks since boot.
   */
  sessionsUntilTicks: number;
  /** Processes that started before the attempt cannot belong to it; clock ticks since boot. */
  sinceTicks: number;
  /** NAME=value in the environment of what the agent starts, unless it is started with a clean one. */
  marker: string;
  /** The attempt's cgroup, where the machine lets SHIM make one. */
  cgroup: Cgroup | null;
}

/**
 * The living processes of an attempt: what its cgroup lists, what is in a session of its holder, what bears the marker,
 * what was known before, and all that descends from one of these or is in a session or group that one of these leads.
 * Zombies are dead.
 */
export function findTree(tree: TreeIdentity, table: ReadonlyMap<number, ProcessInfo> = readProcessTable(), seen: Iterable<ProcessIdentity> = []): ProcessInfo[] {
  const isOld = (info: ProcessInfo) => info.startTicks < tree.sinceTicks;
  const bears = bearersIn(table, tree.marker);
  const marked = [...table.values()].filter((info) => !isOld(info) && !isDead(info) && bears(info.pid));
  return close(tree, table, [...marked, ...seedsOf(tree, table), ...stillThere(seen, table)]);
}

type Table = ReadonlyMap<number, ProcessInfo>;
type Markers = Map<number, readonly string[]>;

/** Markers by name and pid: those of a process are read once for each table, however many trees are looked for in it. */
const known = new WeakMap<Table, Map<string, Markers>>();
const latest = new Map<string, { table: Table; markers: Markers }>();

function bearersIn(table: Table, marker: string): (pid: number) => boolean {
  const name = marker.slice(0, marker.indexOf('='));
  const byName = known.get(table) ?? new Map<string, Markers>();
  known.set(table, byName);
  const markers = byName.get(name) ?? stillBorne(table, name);
  byName.set(name, markers);
  latest.set(name, { table, markers });
  return (pid) => {
    let borne = markers.get(pid);
    if (!borne) markers.set(pid, (borne = markersOf(pid, name)));
    return borne.includes(marker);
  };
}

/**
 * What is known from the table before of those that bore a marker. One that is the same process with the same memory has
 * executed no other program since, and so has the environment that it had; who bore none is looked at again all the same.
 */
function stillBorne(table: Table, name: string): Markers {
  const before = latest.get(name);
  const markers: Markers = new Map();
  for (const [pid, borne] of before?.markers ?? []) {
    const [then, now] = [before?.table.get(pid), table.get(pid)];
    if (borne.length > 0 && now && then?.startTicks === now.startTicks && then.virtualBytes === now.virtualBytes) markers.set(pid, borne);
  }
  return markers;
}

/** As findTree, but without looking for the marker, which costs a read of each other process: for frequent looks. */
export function findKnownTree(tree: TreeIdentity, table: ReadonlyMap<number, ProcessInfo>): ProcessInfo[] {
  return close(tree, table, seedsOf(tree, table));
}

function seedsOf(tree: TreeIdentity, table: ReadonlyMap<number, ProcessInfo>): ProcessInfo[] {
  const seeds = stillThere(tree.holder ? [tree.holder] : [], table);
  for (const pid of tree.cgroup?.pids() ?? []) seeds.push(...(table.has(pid) ? [table.get(pid) as ProcessInfo] : []));
  const index = ProcessIndex.of(table);
  for (const session of tree.sessions) {
    const leader = table.get(session);
    if (leader && isSuccessor(leader, tree)) continue;
    seeds.push(...index.sessionOf(session).filter((info) => info.startTicks <= tree.sessionsUntilTicks));
  }
  return seeds;
}

/** Whether a process that has the pid of a holder got it later: then that holder's session has ended. */
function isSuccessor(leader: ProcessInfo, { holder, sessionsUntilTicks }: TreeIdentity): boolean {
  return holder ? leader.startTicks !== holder.startTicks : leader.startTicks > sessionsUntilTicks;
}

function stillThere(identities: Iterable<ProcessIdentity>, table: ReadonlyMap<number, ProcessInfo>): ProcessInfo[] {
  const found: ProcessInfo[] = [];
  for (const { pid, startTicks } of identities) {
    const info = table.get(pid);
    if (info?.startTicks === startTicks) found.push(info);
  }
  return found;
}

/** The seeds, and all that belongs to the attempt because one of them does. */
function close(tree: TreeIdentity, table: ReadonlyMap<number, ProcessInfo>, seeds: readonly ProcessInfo[]): ProcessInfo[] {
  const index = ProcessIndex.of(table);
  const members = new Set<ProcessInfo>();
  const queue = [...seeds];
  for (let info = queue.pop(); info; info = queue.pop()) {
    // Never this process, nor through it to the holders it started, even where it was itself started by an agent.
    if (members.has(info) || info.pid === process.pid || info.startTicks < tree.sinceTicks) continue;
    members.add(info);
    queue.push(...index.childrenOf(info.pid), ...index.sessionOf(info.pid), ...index.groupOf(info.pid));
    if (tree.sessions.includes(info.session)) queue.push(...index.sessionOf(info.session));
  }
  return [...members].filter((info) => !isDead(info));
}
