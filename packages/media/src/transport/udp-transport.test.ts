import { transportContract } from './contract.ts';
import { createTransport } from './udp-transport.ts';

transportContract('transport in TypeScript', createTransport);
