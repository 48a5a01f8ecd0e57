// The cloud code that is measured; parse-server loads the same file.

Parse.Cloud.define('nothing', () => {});

Parse.Cloud.define('wait', ({ params }) => new Promise(resolve => setTimeout(resolve, params.ms)));

Parse.Cloud.define('spin', ({ params }) => {
  const end = Date.now() + params.ms;
  while (Date.now() < end);
});

Parse.Cloud.beforeSave('Hooked', () => {});
