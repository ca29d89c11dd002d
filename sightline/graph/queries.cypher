// Named queries. Each begins with its name, a line of explanation (what it shows; after a semicolon, what its parameters
// do) and the parameters that it needs or may take, each with its kind where it is not text; one that may be left out is
// null in the query.

// name: heat-map
// explains: Images of the last two hours that show a person with more than 90 % confidence, with their cameras.
match(person_label:Label {label_name:'Person'})-[label_edge:HAS_LABEL]-(image:Image)-[:HAS_IMAGE]-(camera:Camera) where label_edge.confidence > 90 and image.timestamp > ((timestamp()/1000) - 60*60*2) return camera, image

// name: confidence-histogram
// explains: How confident the detector was about each person of the last two hours, lowest confidence first.
match(person_label:Label {label_name:'Person'})-[label_edge:HAS_LABEL]-(image:Image)-[:HAS_IMAGE]-(camera:Camera) where image.timestamp > ((timestamp()/1000) - 60*60*2) return camera.camera_name, image.object_key, count(round(label_edge.confidence)), round(label_edge.confidence) order by round(label_edge.confidence) asc

// name: images-with-label
// explains: Images that show a label with at least this confidence, newest first; by camera, since a time (seconds since 1970), or of a day; limit of them, after the one that was taken at before and has the id after.
// needs: label, at_least (number)
// may take: camera, since (number), day (day), before (number), after, limit (number)
MATCH (label:Label {label_name: $label})<-[edge:HAS_LABEL]-(image:Image)<-[:HAS_IMAGE]-(camera:Camera)
WHERE edge.confidence >= $at_least
  AND ($camera IS NULL OR camera.camera_name = $camera)
  AND ($since IS NULL OR image.timestamp >= $since)
  AND ($day IS NULL OR image.isodate STARTS WITH $day)
  AND ($before IS NULL OR image.timestamp < $before
    OR (image.timestamp = $before AND image.image_id > coalesce($after, '')))
RETURN camera.camera_name AS camera, image.image_id AS image_id, image.isodate AS taken_at,
  edge.confidence AS confidence
ORDER BY image.timestamp DESC, image.image_id
LIMIT toInteger(coalesce($limit, 9223372036854775807))

// name: labels
// explains: Every label that was ever seen.
MATCH (label:Label)
WHERE label.label_name > ''
RETURN label.label_name AS label
ORDER BY label

// name: cameras
// explains: Every camera, with how many images it has and when it took the first and the last of them; one camera, or limit of them after a name.
// may take: camera, after, limit (number)
MATCH (camera:Camera)
WHERE camera.camera_name > coalesce($after, '')
  AND ($camera IS NULL OR camera.camera_name = $camera)
  AND EXISTS { (camera)-[:HAS_IMAGE]->(:Image) }
WITH camera
ORDER BY camera.camera_name
LIMIT toInteger(coalesce($limit, 9223372036854775807))
MATCH (camera)-[edge:HAS_IMAGE]->(:Image)
RETURN camera.camera_name AS camera, count(edge) AS images, min(edge.timestamp) AS first, max(edge.timestamp) AS last
ORDER BY camera

// name: camera-names
// explains: The name of every camera that has an image, without counting its images.
MATCH (camera:Camera)
WHERE camera.camera_name > '' AND EXISTS { (camera)-[:HAS_IMAGE]->(:Image) }
RETURN camera.camera_name AS camera
ORDER BY camera

// name: months
// explains: How many images show each label in one month and in another; 2016-11 is one November, 11 is every November.
// needs: before (month), after (month)
// may take: camera, at_least (number)
UNWIND [[1, 0, $before], [0, 1, $after]] AS asked
WITH asked[0] AS is_before, asked[1] AS is_after, [part IN split(asked[2], '-') | toInteger(part)] AS parts
MATCH (month:Month {month_value: parts[-1]})<-[:HAS_MONTH]-(image:Image)
WHERE (size(parts) = 1 OR EXISTS { (image)-[:HAS_YEAR]->(:Year {year_value: parts[0]}) })
  AND ($camera IS NULL OR EXISTS { (image)<-[:HAS_IMAGE]-(:Camera {camera_name: $camera}) })
MATCH (image)-[edge:HAS_LABEL]->(label:Label)
WHERE edge.confidence >= coalesce($at_least, 0)
WITH label.label_name AS label, sum(is_before) AS images_before, sum(is_after) AS images_after
RETURN label, images_before, images_after, images_after - images_before AS more
ORDER BY abs(more) DESC, label

// name: persons-nearby
// explains: Images of other cameras that show a person within some minutes (10) of an image, the nearest first.
// needs: image
// may take: minutes (number), at_least (number)
MATCH (here:Camera)-[:HAS_IMAGE]->(given:Image {image_id: $image})
WITH here, given, 60 * coalesce($minutes, 10) AS apart
MATCH (image:Image)
USING INDEX image:Image(timestamp)
WHERE given.timestamp - apart <= image.timestamp <= given.timestamp + apart
MATCH (camera:Camera)-[:HAS_IMAGE]->(image)-[edge:HAS_LABEL]->(label:Label {label_name: 'Person'})
WHERE camera.camera_name <> here.camera_name AND edge.confidence >= coalesce($at_least, 50)
RETURN camera.camera_name AS camera, image.image_id AS image_id, image.isodate AS taken_at,
  image.timestamp - given.timestamp AS seconds_later, edge.confidence AS confidence
ORDER BY abs(seconds_later), image_id

// name: labels-together
// explains: Labels that appear on the images of a label, with the share of these images in percent, the commonest first.
// needs: label
// may take: at_least (number)
MATCH (label:Label {label_name: $label})
WITH label, coalesce($at_least, 0) AS low
WITH label, low, COUNT { (label)<-[edge:HAS_LABEL]-(:Image) WHERE edge.confidence >= low } AS all_images
MATCH (label)<-[edge:HAS_LABEL]-(:Image)-[also:HAS_LABEL]->(other:Label)
WHERE edge.confidence >= low AND also.confidence >= low
WITH other.label_name AS together_with, count(*) AS images, all_images
RETURN together_with, images, 100.0 * images / all_images AS percent
ORDER BY images DESC, together_with

// name: cameras-by-hour
// explains: How many images each camera took in each hour of the day; of a label, those that show it.
// may take: label, at_least (number)
MATCH (camera:Camera)
WHERE camera.camera_name > ''
MATCH (camera)-[:HAS_IMAGE]->(image:Image)-[:HAS_HOUR]->(hour:Hour)
WHERE $label IS NULL OR EXISTS {
  MATCH (image)-[edge:HAS_LABEL]->(label:Label {label_name: $label}) WHERE edge.confidence >= coalesce($at_least, 0)
}
RETURN camera.camera_name AS camera, hour.hour_value AS hour, count(*) AS images
ORDER BY camera, hour
