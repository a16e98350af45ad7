// What Vite makes of imports that are not scripts.
declare module '*.css' {}
declare module '*?url' {
  const url: string;
  export default url;
}
