import type { ProcessInfo } from './process-table.js';

/** A process table by parent, session and group, so that many trees can be found in one table. */
export class ProcessIndex {
  private readonly byParent = new Map<number, ProcessInfo[]>();
  private readonly bySession = new Map<number, ProcessInfo[]>();
  private readonly byGroup = new Map<number, ProcessInfo[]>();

  private constructor(table: ReadonlyMap<number, ProcessInfo>) {
    for (const info of table.values()) {
      add(this.byParent, info.ppid, info);
      add(this.bySession, info.session, info);
      add(this.byGroup, info.processGroup, info);
    }
  }

  /** The index of a table: made once for each. */
  static of(table: ReadonlyMap<number, ProcessInfo>): ProcessIndex {
    let index = known.get(table);
    if (!index) known.set(table, (index = new ProcessIndex(table)));
    return index;
  }

  childrenOf(pid: number): readonly ProcessInfo[] {
    return this.byParent.get(pid) ?? [];
  }

  sessionOf(id: number): readonly ProcessInfo[] {
    return this.bySession.get(id) ?? [];
  }

  groupOf(id: number): readonly ProcessInfo[] {
    return this.byGroup.get(id) ?? [];
  }
}

const known = new WeakMap<ReadonlyMap<number, ProcessInfo>, ProcessIndex>();

function add(lists: Map<number, ProcessInfo[]>, key: number, info: ProcessInfo): void {
  const list = lists.get(key);
  if (list) list.push(info);
  else lists.set(key, [info]);
}
