//! The reading root fields: one object, many, any by its global id.

use apollo_compiler::Node;
use apollo_compiler::executable::Field;

use super::below::{self, PageRows};
use super::filter::wire_filter;
use super::window::{End, Window};
use super::{Outcome, Run, text};
use crate::error::{Code, Error, Result};
use crate::graphql::global_id::{GlobalId, local_id};
use crate::graphql::plan::{Collector, Columns, ObjectSelection, PageSelection};
use crate::ops::{Ctx, read};
use crate::query::{FindRequest, OrderKey, parse_filter};
use crate::value::{ClassName, Json, Members};

/// One object of a class by its global id or its id.
pub(super) async fn get(
    run: &Run,
    ctx: &Ctx,
    (selection, columns): (&ObjectSelection, &Columns),
    arguments: &Members,
) -> Result<Outcome> {
    let class = &selection.types.class.name;
    let id = local_id(text(arguments, "id"), class);
    let found = read::get(ctx, class, &id, columns.request()).await?;
    Ok(Outcome::Object(below::complete(run, ctx, std::slice::from_ref(selection), found).await))
}

/// Any object by its global id.
pub(super) async fn node(
    run: &Run,
    ctx: &Ctx,
    fields: &[Node<Field>],
    arguments: &Members,
) -> Result<Outcome> {
    let GlobalId { class, id } = GlobalId::read(text(arguments, "id"));
    let fields: Vec<&Node<Field>> = fields.iter().collect();
    let collector = Collector::new(&run.schema, &run.document.executable, &run.variables);
    let selection = ObjectSelection::of(&ClassName::from(class.as_str()), &collector, &fields);
    let selection = selection.ok_or_else(|| no_class(&class))?;
    let selections = std::slice::from_ref(&selection);
    let found = read::get(ctx, &class, &id, Columns::of(selections).request()).await?;
    let set = below::complete(run, ctx, selections, found).await;
    Ok(Outcome::Node(Box::new(selection), set))
}

fn no_class(class: &str) -> Error {
    let reason = format!("This user is not allowed to access non-existent class: {class}");
    Error::denied(Code::OperationForbidden, reason)
}

/// Objects of a class.
pub(super) async fn find(
    run: &Run,
    ctx: &Ctx,
    class: &ClassName,
    selection: &PageSelection,
    arguments: Members,
) -> Result<Outcome> {
    let max_limit = ctx.app.config.max_limit;
    let window = Window::read(&arguments, max_limit)?;
    let mut request = request(run, class, selection, arguments)?;
    request.count = selection.wants.count;
    request.skip = window.skip;
    let mut known_count = None;
    if window.from == End::Finish && selection.wants.rows {
        let question = FindRequest { limit: Some(0), count: true, skip: 0, ..request.clone() };
        let count = read::find(ctx, class, question).await?.count.unwrap_or(0);
        request.skip = window.skip_of(count);
        request.count = false;
        known_count = Some(count);
    }
    request.limit = Some(if selection.wants.rows { window.size(max_limit) } else { 0 });
    let offset = request.skip;
    let found = read::find(ctx, class, request).await?;
    let count = known_count.or(found.count);
    let rows = PageRows { rows: (0..found.objects.len()).collect(), offset, count };
    let set = below::complete(run, ctx, &selection.nodes, found).await;
    Ok(Outcome::Page(set, rows))
}

/// The question of a find without its page.
pub(super) fn request(
    run: &Run,
    class: &ClassName,
    selection: &PageSelection,
    mut arguments: Members,
) -> Result<FindRequest> {
    let mut request = selection.columns.request();
    if let Some(Json::Object(input)) = arguments.shift_remove("where")
        && let Some(types) = run.schema.class(class)
    {
        request.filter =
            parse_filter(&Json::Object(wire_filter(&run.schema, &types.class, input)))?;
    }
    let order = arguments.get("order").and_then(Json::as_array).unwrap_or_default();
    request.order = order.iter().filter_map(Json::as_str).filter_map(order_key).collect();
    Ok(request)
}

/// Reads a value of an order type: `score_ASC`, `id_DESC`.
fn order_key(value: &str) -> Option<OrderKey> {
    let (name, direction) = value.rsplit_once('_')?;
    let name = if name == "id" { "objectId" } else { name };
    Some(OrderKey { name: name.to_owned(), descending: direction == "DESC" })
}
