// Express 4's types are those of 5 in all that is used here; a module that is not found would be `any`.
declare module "express4" {
  import express from "express";
  export default express;
}
