import type { RoomDocuments } from '@lianmai/stores/cloudbase';

/** Writes as the original demo did: whatever became of the document since it was read. */
export function racyDocuments(documents: RoomDocuments): RoomDocuments {
  async function present(id: string, write: (stamp: string) => Promise<boolean>): Promise<boolean> {
    for (;;) {
      const document = await documents.get(id);
      if (document === null) return true;
      if (await write(document.stamp)) return true;
    }
  }
  return {
    ...documents,
    updateIf: (id, _stamp, fields) => present(id, (stamp) => documents.updateIf(id, stamp, fields)),
    removeIf: (id) => present(id, (stamp) => documents.removeIf(id, stamp)),
  };
}
