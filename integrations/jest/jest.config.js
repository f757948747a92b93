export default {
  // The packages are ES modules: Jest runs them as such, with node --experimental-vm-modules.
  transform: {},
  testEnvironment: "node",
};
