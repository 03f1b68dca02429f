/** The floor of every function call: a fastify route that parses JSON and answers a constant envelope. */
import Fastify from 'fastify';

const app = Fastify();
const answer = {
  code: 0,
  message: 'success',
  data: {
    roomID: '12345',
    roomName: 'bench',
    creator: 'g_bench',
    ownerID: 'g_bench',
    memberCount: 1,
    capacity: 16,
    createTime: 0,
  },
};
app.post('/functions/:name', () => answer);
await app.listen({ host: '127.0.0.1', port: 0 });
const address = app.server.address();
if (typeof address === 'object' && address !== null) console.log(JSON.stringify({ port: address.port }));
process.once('disconnect', () => process.exit(0));
