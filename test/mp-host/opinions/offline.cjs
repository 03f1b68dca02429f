// Loaded before anything else in the process of WeChat's compiler and in those that it starts: nothing reaches a network. Each
// process and each attempt is a line of the file that LIANMAI_OFFLINE_LOG names.
const { appendFileSync } = require('node:fs');
const { basename } = require('node:path');
const dgram = require('node:dgram');
const dns = require('node:dns');
const net = require('node:net');

const log = process.env.LIANMAI_OFFLINE_LOG;
if (log === undefined) throw new Error('LIANMAI_OFFLINE_LOG is not set');
const note = (line) => appendFileSync(log, `${line}\n`);
const refusal = () => Object.assign(new Error('There is no network here.'), { code: 'ENETUNREACH' });

note(`offline ${basename(process.argv[1] ?? '')}`);

net.Socket.prototype.connect = function connect() {
  note('attempt connect');
  process.nextTick(() => this.destroy(refusal()));
  return this;
};
dgram.Socket.prototype.send = () => {
  note('attempt datagram');
  throw refusal();
};
const resolvers = Object.keys(dns).filter((name) => /^(lookup|resolve|reverse)/.test(name));
for (const name of resolvers) {
  dns[name] = (...args) => {
    note(`attempt ${name}`);
    process.nextTick(args.at(-1), refusal());
  };
}
for (const name of Object.keys(dns.promises).filter((one) => /^(lookup|resolve|reverse)/.test(one))) {
  dns.promises[name] = async () => {
    note(`attempt ${name}`);
    throw refusal();
  };
}
