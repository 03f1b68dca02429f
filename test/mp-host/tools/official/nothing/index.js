// Loading it is fine; using it says so. `request` is among what it replaces: the tool cannot ask the network with it.
module.exports = function nothing() {
  throw new Error('not installed here');
};
