// Orders are made by `checkout` alone, with the prices of the server and goods that are there. Prices are in cents.

const asMaster = { useMasterKey: true };
const invalid = text => new Parse.Error(Parse.Error.VALIDATION_ERROR, text);

Parse.Cloud.beforeSave('Product', request => {
  const product = request.object;
  if (!(product.get('price') >= 0)) throw invalid('A price is not negative.');
});

Parse.Cloud.beforeSave('Review', async request => {
  const review = request.object;
  const stars = review.get('stars');
  if (!Number.isInteger(stars) || stars < 1 || stars > 5) throw invalid('A review has one to five stars.');
  if (!review.isNew() || request.master) return;
  review.set('author', request.user);
  const bought = await new Parse.Query('Order')
    .equalTo('customer', request.user)
    .equalTo('products', review.get('product').id)
    .first(asMaster);
  if (!bought) throw invalid('Only what one bought can be reviewed.');
}, {
  requireUser: true,
  skipWithMasterKey: true,
});

/// Takes goods from the stock: one atomic step per product, which is taken back if there are too few.
async function take(product, quantity) {
  product.increment('stock', -quantity);
  product.increment('sold', quantity);
  await product.save(null, asMaster);
  if (product.get('stock') >= 0) return;
  await putBack(product, quantity);
  throw invalid(`There are not ${quantity} of ${product.get('name')} left.`);
}

async function putBack(product, quantity) {
  product.increment('stock', quantity);
  product.increment('sold', -quantity);
  await product.save(null, asMaster);
}

Parse.Cloud.define('checkout', async request => {
  const { lines, address } = request.params;
  const ids = lines.map(line => line.productId);
  const products = await new Parse.Query('Product').containedIn('objectId', ids).find(asMaster);
  const cart = lines.map(({ productId, quantity }) => {
    const product = products.find(product => product.id === productId);
    if (!product) throw invalid(`There is no product ${productId}.`);
    return { product, quantity };
  });

  const taken = [];
  try {
    for (const line of cart) {
      await take(line.product, line.quantity);
      taken.push(line);
    }
    const bought = cart.map(({ product, quantity }) => (
      { productId: product.id, name: product.get('name'), quantity, price: product.get('price') }
    ));
    const total = bought.reduce((sum, { quantity, price }) => sum + quantity * price, 0);
    const order = new Parse.Object('Order');
    await order.save({ customer: request.user, products: ids, lines: bought, total, address }, asMaster);
    return { orderId: order.id, total, lines: bought };
  } catch (error) {
    for (const { product, quantity } of taken) await putBack(product, quantity);
    throw error;
  }
}, {
  requireUser: true,
  fields: {
    lines: {
      type: Array,
      required: true,
      options: lines => lines.length > 0 && lines.every(line => Number.isInteger(line.quantity) && line.quantity > 0),
      error: 'A cart has at least one line, and at least one of each product.',
    },
    address: { type: Object, required: true },
  },
});

/// As pointers: the server fills in what the caller may see of the products.
Parse.Cloud.define('bestSellers', async request => {
  const first = Math.min(request.params.first ?? 3, 10);
  const best = await new Parse.Query('Product').greaterThan('sold', 0).descending('sold').limit(first).find(asMaster);
  return best.map(product => product.toPointer());
});

Parse.Cloud.define('productRating', async request => {
  const product = Parse.Object.extend('Product').createWithoutData(request.params.productId);
  const reviews = await new Parse.Query('Review').equalTo('product', product).select('stars').limit(1000).find();
  if (reviews.length === 0) return null;
  const sum = reviews.reduce((sum, review) => sum + review.get('stars'), 0);
  return { stars: sum / reviews.length, reviews: reviews.length };
}, {
  fields: { productId: { type: String, required: true } },
});

/// What was sold since a date (`since`, the last day if it is not given), for whoever keeps the books.
Parse.Cloud.job('report', async request => {
  const since = request.params.since ?? new Date(Date.now() - 24 * 60 * 60 * 1000);
  let [orders, revenue] = [0, 0];
  await new Parse.Query('Order').greaterThan('createdAt', since).each(order => {
    orders += 1;
    revenue += order.get('total');
  }, asMaster);
  return `${orders} orders, ${(revenue / 100).toFixed(2)} revenue`;
});
