import { roomsContract } from '@lianmai/rooms/contract';
import { racyDocuments } from './racy-documents.ts';
import { openCloudStore } from './stores.ts';

// Run by the store's test alone, which expects it to fail.
roomsContract('racy', async () => openCloudStore('wx-server-sdk', { through: racyDocuments }), 2);
